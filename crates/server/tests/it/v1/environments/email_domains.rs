//! `/v1/environments/{e}/emailDomains` and `/trustedEmails`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::json;

use super::super::{Api, admin, refused, text};

on_every_adapter! {
    async fn a_domain_says_which_records_it_needs(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/emailDomains", server.tenant.id);
        let made = Api::created(api.post(&all, json!({ "domainName": "mail.example.com" })).await);
        assert_eq!(made["domainName"], "mail.example.com");
        let path = format!("{all}/{}", text(&made, "/id"));
        assert_eq!(api.get(&path).await.expect_status(200).json(), made);
        let list = api.get(&all).await.expect_status(200).json();
        assert_eq!(list["_embedded"]["emailDomains"], json!([made]));
        let unseen = json!("VERIFICATION_REQUIRED");
        let dkim = api.get(&format!("{path}/dkim")).await.expect_status(200).json();
        assert_eq!((&dkim["type"], &dkim["regions"][0]["status"]), (&json!("CNAME"), &unseen));
        // Names of records are those below the domain.
        assert!(text(&dkim, "/regions/0/tokens/0/key").ends_with("._domainkey"));
        let ownership = api.get(&format!("{path}/ownership")).await.expect_status(200).json();
        assert_eq!((&ownership["type"], &ownership["environmentDnsRecord"]["status"]), (&json!("TXT"), &unseen));
        assert_eq!(ownership["environmentDnsRecord"]["key"], "_pingoneemail");
        let spf = api.get(&format!("{path}/spf")).await.expect_status(200).json();
        assert_eq!((&spf["key"], &spf["status"]), (&json!("@"), &unseen));
        let body = json!({ "domainName": "MAIL.example.com" });
        refused(api.post(&all, body).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "domainName")));
        for name in ["com", "a b.example", "https://a.example", "-a.example"] {
            let body = json!({ "domainName": name });
            refused(api.post(&all, body).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "domainName")));
        }
        let _ = api.delete(&path).await.expect_status(204);
        for below in ["", "/dkim", "/ownership", "/spf", "/trustedEmails"] {
            refused(api.get(&format!("{path}{below}")).await, 404, "NOT_FOUND", None);
        }
    }

    async fn addresses_belong_to_their_domain_and_go_with_it(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/emailDomains", server.tenant.id);
        let domain = Api::created(api.post(&all, json!({ "domainName": "example.com" })).await);
        let other = Api::created(api.post(&all, json!({ "domainName": "other.example" })).await);
        let path = format!("{all}/{}", text(&domain, "/id"));
        let addresses = format!("{path}/trustedEmails");
        let made = Api::created(api.post(&addresses, json!({ "emailAddress": "no-reply@example.com" })).await);
        assert_eq!((&made["status"], &made["domainId"]), (&json!("VERIFICATION_REQUIRED"), &domain["id"]));
        let own = format!("{addresses}/{}", text(&made, "/id"));
        assert_eq!(api.get(&own).await.expect_status(200).json(), made);
        assert_eq!(api.get(&addresses).await.expect_status(200).json()["_embedded"]["trustedEmails"], json!([made]));
        let abroad = format!("{all}/{}/trustedEmails", text(&other, "/id"));
        refused(api.get(&format!("{abroad}/{}", text(&made, "/id"))).await, 404, "NOT_FOUND", None);
        assert_eq!(api.get(&abroad).await.expect_status(200).json()["count"], 0);
        for address in ["a@other.example", "a@b@", "example.com", "a@sub.example.com"] {
            let body = json!({ "emailAddress": address });
            refused(api.post(&addresses, body).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "emailAddress")));
        }
        let body = json!({ "emailAddress": "No-Reply@example.com" });
        refused(api.post(&addresses, body).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "emailAddress")));
        let _ = api.delete(&path).await.expect_status(204);
        // Its addresses are free again.
        let again = Api::created(api.post(&all, json!({ "domainName": "example.com" })).await);
        let addresses = format!("{all}/{}/trustedEmails", text(&again, "/id"));
        let made = Api::created(api.post(&addresses, json!({ "emailAddress": "no-reply@example.com" })).await);
        let _ = api.delete(&format!("{addresses}/{}", text(&made, "/id"))).await.expect_status(204);
    }
}
