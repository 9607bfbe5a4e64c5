//! `/v1/environments/{e}/images`, and what points at pictures

use std::io::Cursor;

use countersign_testkit::{Answer, TestServer, on_every_adapter};
use image::{ImageBuffer, ImageFormat, Rgb};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text};

const NOBODY: &str = "00000000-0000-4000-8000-000000000001";

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let picture = ImageBuffer::from_pixel(width, height, Rgb([200u8, 30, 90]));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn all(server: &TestServer) -> String {
    format!("/environments/{}/images", server.tenant.id)
}

async fn upload(server: &TestServer, api: &Api, media: &str, body: Vec<u8>) -> Answer {
    api.upload("POST", &all(server), media, body).await
}

async fn uploaded(server: &TestServer, api: &Api) -> Value {
    let body = picture(40, 20, ImageFormat::Png);
    Api::created(upload(server, api, "image/png", body).await)
}

/// `{id, href}`, with an address that is not ours.
fn pointer(image: &Value) -> Value {
    json!({ "id": image["id"], "href": "https://elsewhere.example/x.png" })
}

on_every_adapter! {
    async fn a_picture_is_served_where_its_answer_says(server: TestServer) {
        let api = admin(&server).await;
        for (media, format) in [
            ("image/png", ImageFormat::Png), ("image/jpeg", ImageFormat::Jpeg),
            ("image/jpg", ImageFormat::Jpeg), ("image/gif", ImageFormat::Gif), ("image/*", ImageFormat::Png),
        ] {
            let made = Api::created(upload(&server, &api, media, picture(31, 17, format)).await);
            let target = &made["targets"]["original"];
            assert_eq!((&target["id"], &target["type"]), (&json!("original"), &json!("png")), "{media}");
            assert_eq!((&target["width"], &target["height"]), (&json!(31), &json!(17)), "{media}");
            let id = text(&made, "/id");
            assert_eq!(api.get(&format!("{}/{id}", all(&server))).await.expect_status(200).json(), made);
            let href = text(&made, "/targets/original/href");
            let start = format!("{}/environments/{}/images/", server.base, server.tenant.id);
            assert!(href.starts_with(&start) && href.ends_with(&format!("_{id}_original.png")), "{href}");
            let browser = server.tenant.browser();
            let served = browser.get(&href).send().await.expect_status(200);
            assert_eq!(served.header("content-type"), Some("image/png"));
            assert_eq!(served.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(served.header("cache-control"), Some("public, max-age=31536000, immutable"));
            assert_eq!(served.header("content-security-policy"), Some("default-src 'none'; sandbox"));
            let tag = served.header("etag").unwrap().to_owned();
            let again = browser.get(&href).header("if-none-match", tag).send().await;
            assert_eq!(again.expect_status(304).body, "");
            // Only at home.
            let abroad = href.replacen(&server.tenant.id, &server.other.id, 1);
            let _ = browser.get(abroad).send().await.expect_status(404);
        }
    }

    async fn a_picture_that_was_removed_is_gone(server: TestServer) {
        let api = admin(&server).await;
        let made = uploaded(&server, &api).await;
        let path = format!("{}/{}", all(&server), text(&made, "/id"));
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
        refused(api.delete(&path).await, 404, "NOT_FOUND", None);
        let href = text(&made, "/targets/original/href");
        let _ = server.tenant.browser().get(href).send().await.expect_status(404);
    }

    async fn threat_41_what_is_no_picture_is_refused(server: TestServer) {
        let api = admin(&server).await;
        let svg = || b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec();
        let _ = upload(&server, &api, "image/svg+xml", svg()).await.expect_status(415);
        let _ = upload(&server, &api, "application/json", b"{}".to_vec()).await.expect_status(415);
        let cut = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
        for body in [svg(), b"<html>".to_vec(), Vec::new(), cut(picture(40, 40, ImageFormat::Png))] {
            let answer = upload(&server, &api, "image/png", body).await;
            refused(answer, 400, "INVALID_DATA", Some(("INVALID_VALUE", "file")));
        }
        // A small file that wants a large canvas.
        let answer = upload(&server, &api, "image/png", picture(4_097, 4_096, ImageFormat::Png)).await;
        refused(answer, 400, "INVALID_DATA", Some(("SIZE_LIMIT_EXCEEDED", "file")));
        let _ = upload(&server, &api, "image/png", vec![0; 2 * 1024 * 1024 + 1]).await.expect_status(413);
        let most = picture(4_096, 4_096, ImageFormat::Png);
        let made = Api::created(upload(&server, &api, "image/png", most).await);
        assert_eq!(made["targets"]["original"]["width"], 2_048);
    }

    async fn a_flow_has_the_picture_of_its_application(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let image = uploaded(&server, &api).await;
        let path = format!("/environments/{}/applications/{}", tenant.id, tenant.native.id);
        let mut native = api.get(&path).await.expect_status(200).json();
        native["icon"] = pointer(&image);
        let native = api.put(&path, native).await.expect_status(200).json();
        let flow = tenant.authorize(&tenant.native).pi_flow().send(&tenant.browser()).await;
        let flow = flow.expect_status(200).json();
        assert_eq!(flow["_embedded"]["application"], json!({ "name": "Native", "icon": native["icon"] }));
        assert_eq!(native["icon"]["id"], image["id"]);
        assert!(native["icon"]["href"].as_str().unwrap().starts_with(&server.base));
    }

    async fn what_points_at_a_picture_says_where_it_is(server: TestServer) {
        let api = admin(&server).await;
        let image = uploaded(&server, &api).await;
        let env = format!("/environments/{}", server.tenant.id);
        let color = |name: &str| (name.to_owned(), json!("#123456"));
        let mut theme: serde_json::Map<String, Value> = ["bodyTextColor", "buttonColor", "buttonTextColor",
            "cardColor", "headingTextColor", "linkTextColor"].map(color).into_iter().collect();
        theme.extend([("name".to_owned(), json!("Pictures")), ("logoType".to_owned(), json!("IMAGE")),
            ("logo".to_owned(), pointer(&image))]);
        let application = json!({ "name": "With icon", "enabled": true, "type": "WEB_APP",
            "protocol": "OPENID_CONNECT", "grantTypes": ["AUTHORIZATION_CODE"], "responseTypes": ["CODE"],
            "redirectUris": ["https://a.example"], "tokenEndpointAuthMethod": "NONE", "icon": pointer(&image) });
        let provider = json!({ "name": "With icons", "enabled": true, "type": "SAML",
            "icon": pointer(&image), "loginButtonIcon": pointer(&image) });
        let cases = [
            ("applications", application, vec!["/icon"]),
            ("identityProviders", provider, vec!["/icon", "/loginButtonIcon"]),
            ("themes", json!({ "template": "split", "configuration": theme }), vec!["/configuration/logo"]),
        ];
        let expected = json!({ "id": image["id"], "href": image["targets"]["original"]["href"] });
        let mut made = Vec::new();
        for (plural, body, places) in cases {
            let one = Api::created(api.post(&format!("{env}/{plural}"), body.clone()).await);
            for place in &places {
                assert_eq!(one.pointer(place), Some(&expected), "{plural}{place}");
                let mut bad = body.clone();
                let name = if plural == "themes" { "/configuration/name" } else { "/name" };
                *bad.pointer_mut(name).unwrap() = json!("Bad");
                *bad.pointer_mut(place).unwrap() = json!({ "id": NOBODY, "href": "https://a.example/x.png" });
                let target = format!("{}.id", place[1..].replace('/', "."));
                refused(api.post(&format!("{env}/{plural}"), bad).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", &target)));
            }
            made.push((format!("{env}/{plural}/{}", text(&one, "/id")), one));
        }
        let branding = format!("{env}/brandingSettings");
        let set = api.put(&branding, json!({ "logo": pointer(&image) })).await.expect_status(200).json();
        assert_eq!(set["logo"], expected);
        made.push((branding, set));
        // Terraform removes a picture before it tells who pointed at it: what was read can be written.
        let path = format!("{}/{}", all(&server), text(&image, "/id"));
        let _ = api.delete(&path).await.expect_status(204);
        for (path, one) in made {
            let _ = api.put(&path, one).await.expect_status(200);
        }
    }
}
