use image::{ImageBuffer, Rgb, Rgba};
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

fn written_as(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn plain(width: u32, height: u32) -> DynamicImage {
    ImageBuffer::from_pixel(width, height, Rgb([10u8, 200, 30])).into()
}

/// Pixels that no format makes small.
fn noise(side: u32) -> DynamicImage {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    ImageBuffer::from_fn(side, side, |_, _| Rgb([next(), next(), next()])).into()
}

#[test]
fn every_format_becomes_a_png_of_the_same_size() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif] {
        let png = normalized(&written_as(&plain(33, 21), format)).unwrap();
        assert!(png.starts_with(b"\x89PNG"), "{format:?}");
        assert_eq!(dimensions(&png), Some((33, 21)), "{format:?}");
        assert_eq!(normalized(&png).unwrap(), png, "{format:?}");
    }
}

#[test]
fn what_is_transparent_stays_so() {
    let glass: DynamicImage = ImageBuffer::from_pixel(4, 4, Rgba([1u8, 2, 3, 4])).into();
    let png = normalized(&written_as(&glass, ImageFormat::Png)).unwrap();
    let again = image::load_from_memory(&png).unwrap();
    assert_eq!(again.to_rgba8(), glass.to_rgba8());
}

#[test]
fn large_pictures_are_scaled_down() {
    let wide = written_as(&plain(MAX_SIDE + 2, 1_000), ImageFormat::Png);
    let (width, height) = dimensions(&normalized(&wide).unwrap()).unwrap();
    assert_eq!((width, height), (MAX_SIDE, 999));
    let exact = written_as(&plain(MAX_SIDE, 3), ImageFormat::Png);
    assert_eq!(
        dimensions(&normalized(&exact).unwrap()),
        Some((MAX_SIDE, 3))
    );
    let loud = written_as(&noise(1_000), ImageFormat::Jpeg);
    let png = normalized(&loud).unwrap();
    assert!(png.len() <= Image::MAX_BYTES, "{}", png.len());
    assert!(dimensions(&png).unwrap().0 < 1_000);
    assert_eq!(normalized(&png).unwrap(), png);
}

#[test]
fn threat_41_what_is_no_picture_or_too_much_of_one_is_refused() {
    for bytes in [
        &b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"[..],
        b"RIFF\x04\x00\x00\x00WEBPVP8 ",
        b"BM",
        b"",
        b"\x00",
    ] {
        assert_eq!(normalized(bytes), Err(NotAPicture::Format));
    }
    let png = written_as(&plain(40, 40), ImageFormat::Png);
    for end in 8..png.len() - 12 {
        assert!(normalized(&png[..end]).is_err(), "cut at {end}");
    }
    // A head that claims more pixels than anybody has.
    let mut bomb = png.clone();
    bomb[16..24].copy_from_slice(&[0x00, 0x00, 0xff, 0xff, 0x00, 0x00, 0xff, 0xff]);
    let crc = crc(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.to_be_bytes());
    assert_eq!(normalized(&bomb), Err(NotAPicture::TooManyPixels));
    let large = vec![0x89; MAX_UPLOAD + 1];
    assert_eq!(normalized(&large), Err(NotAPicture::TooLarge));
    let most = u32::try_from(MAX_PIXELS / 4_096).unwrap();
    let at = written_as(&plain(4_096, most), ImageFormat::Png);
    assert!(normalized(&at).is_ok());
    let above = written_as(&plain(4_096, most + 1), ImageFormat::Png);
    assert_eq!(normalized(&above), Err(NotAPicture::TooManyPixels));
}

/// PNG's checksum, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

#[test]
fn what_else_a_file_carries_is_left_behind() {
    let mut png = written_as(&plain(8, 8), ImageFormat::Png);
    png.extend_from_slice(b"<script>alert(1)</script>");
    let clean = normalized(&png).unwrap();
    assert!(!clean.windows(7).any(|it| it == b"<script"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever became of a picture on its way: it is refused, or it is one.
    #[test]
    fn threat_41_no_bytes_do_harm(
        which in 0..3usize,
        edits in prop::collection::vec((any::<Index>(), any::<u8>()), 1..12),
    ) {
        let formats = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif];
        let mut bytes = written_as(&noise(16), formats[which]);
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(png) = normalized(&bytes) {
            prop_assert!(dimensions(&png).is_some());
            prop_assert_eq!(normalized(&png), Ok(png));
        }
    }
}
