//! Pictures that administrators send (`threats.md` 41). Whatever comes is decoded, within bounds on
//! its pixels and on memory, and written anew as PNG: what is stored and served later is our own
//! writing, without places, cameras, scripts or a second file behind the picture.
//!
//! Source: the acceptance tests of Ping's Terraform provider: a JPEG and a GIF are answered as
//! `png`, at their own size. Decision: the largest side and the bounds are ours.

use std::io::Cursor;

use countersign_domain::branding::Image;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops::FilterType as Scaling;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

/// Largest file that is looked at, in bytes.
pub const MAX_UPLOAD: usize = 2 * 1024 * 1024;
/// Most pixels that are decoded.
pub const MAX_PIXELS: u64 = 16 * 1024 * 1024;
/// Longest side that is kept; larger pictures are scaled down.
pub const MAX_SIDE: u32 = 2_048;
/// Memory that decoding one picture may take, in bytes: enough for [`MAX_PIXELS`] of 8 bits.
const MAX_MEMORY: u64 = 96 * 1024 * 1024;
/// Side of the smallest picture that is scaled down further to save bytes.
const SMALL: u32 = 16;

/// Why something is no picture for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAPicture {
    /// Not one of the formats, whatever it says it is. SVG is none: it can carry scripts.
    #[error("must be a PNG, JPEG or GIF picture")]
    Format,
    /// It begins like one and cannot be read.
    #[error("is damaged")]
    Damaged,
    /// More than [`MAX_PIXELS`] or [`MAX_MEMORY`].
    #[error("has too many pixels: at most 16777216 are decoded")]
    TooManyPixels,
    /// More than [`MAX_UPLOAD`].
    #[error("is larger than 2 MiB")]
    TooLarge,
}

/// The picture as PNG: its first frame, upright, no side longer than [`MAX_SIDE`], no larger than
/// an [`Image`] may be. Slow. What it made once it makes again: a picture that went through stays
/// the same, byte by byte.
pub fn normalized(bytes: &[u8]) -> Result<Vec<u8>, NotAPicture> {
    let mut picture = decoded(bytes)?;
    if picture.width().max(picture.height()) > MAX_SIDE {
        picture = picture.resize(MAX_SIDE, MAX_SIDE, Scaling::Triangle);
    }
    let is_opaque = |it: &DynamicImage| it.to_rgba8().pixels().all(|it| it.0[3] == u8::MAX);
    let mut picture = if !picture.color().has_alpha() || is_opaque(&picture) {
        DynamicImage::ImageRgb8(picture.into_rgb8())
    } else {
        DynamicImage::ImageRgba8(picture.into_rgba8())
    };
    loop {
        let png = written(&picture)?;
        let side = picture.width().max(picture.height());
        if png.len() <= Image::MAX_BYTES || side <= SMALL {
            return Ok(png);
        }
        let smaller = side / 4 * 3;
        picture = picture.resize(smaller, smaller, Scaling::Triangle);
    }
}

/// Width and height, from the head of a picture.
pub fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    let reader = ImageReader::new(Cursor::new(bytes));
    reader.with_guessed_format().ok()?.into_dimensions().ok()
}

fn decoded(bytes: &[u8]) -> Result<DynamicImage, NotAPicture> {
    if bytes.len() > MAX_UPLOAD {
        return Err(NotAPicture::TooLarge);
    }
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| NotAPicture::Format)?;
    let is_known = |it| matches!(it, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Gif);
    if !reader.format().is_some_and(is_known) {
        return Err(NotAPicture::Format);
    }
    // Before anything is decoded: a small file may claim to be huge.
    let (width, height) = dimensions(bytes).ok_or(NotAPicture::Damaged)?;
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(NotAPicture::Damaged);
    }
    if pixels > MAX_PIXELS {
        return Err(NotAPicture::TooManyPixels);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|it| unreadable(&it))?;
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|it| unreadable(&it))?;
    picture.apply_orientation(turned);
    Ok(picture)
}

fn unreadable(error: &image::ImageError) -> NotAPicture {
    match error {
        image::ImageError::Limits(_) => NotAPicture::TooManyPixels,
        _ => NotAPicture::Damaged,
    }
}

fn written(picture: &DynamicImage) -> Result<Vec<u8>, NotAPicture> {
    let mut png = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive);
    let done = picture.write_with_encoder(encoder);
    done.map(|()| png).map_err(|_| NotAPicture::Damaged)
}

#[cfg(test)]
mod tests;
