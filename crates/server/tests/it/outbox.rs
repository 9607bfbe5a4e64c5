//! The outbox: mails are tried again, given up, and never lost.

use std::time::Duration;

use countersign_domain::notice::{Notice, Undelivered};
use countersign_protocol::notices::outbox;
use countersign_testkit::{Mailbox, TestServer, on_every_adapter};
use serde_json::json;

async fn cause_a_mail(server: &TestServer) {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
    let body = json!({ "username": tenant.person.username });
    let answer = tenant.act(&browser, &flow, "password.forgot", &body).await;
    let _ = answer.expect_status(200);
}

async fn read_waiting(server: &TestServer) -> Vec<Notice> {
    let (store, now) = (&*server.ports.store, server.ports.clock.now());
    outbox::waiting(store, now, 10).await.unwrap()
}

async fn read_dead(server: &TestServer) -> Vec<Notice> {
    let (store, now) = (&*server.ports.store, server.ports.clock.now());
    outbox::dead(store, now, 10).await.unwrap()
}

fn not_now() -> Undelivered {
    Undelivered::NotNow("421 try again later".to_owned())
}

on_every_adapter! {
    async fn a_mail_that_is_not_taken_is_tried_again_later(server: TestServer) {
        cause_a_mail(&server).await;
        server.mailbox.refuse([not_now(), not_now()]);
        let round = server.mailbox.deliver(&server.ports).await;
        assert_eq!((round.delivered, round.postponed), (0, 1));
        let waiting = read_waiting(&server).await;
        assert_eq!(waiting[0].last_error.as_deref(), Some("421 try again later"));
        // Not before its time.
        assert_eq!(server.mailbox.deliver(&server.ports).await.postponed, 0);
        server.clock.advance(Duration::from_secs(15));
        assert_eq!(server.mailbox.deliver(&server.ports).await.postponed, 1);
        server.clock.advance(Duration::from_secs(30));
        assert_eq!(server.mails().await.len(), 1);
        assert!(read_waiting(&server).await.is_empty());
    }

    async fn a_mail_that_is_refused_for_good_is_kept_for_the_operator(server: TestServer) {
        cause_a_mail(&server).await;
        server.mailbox.refuse([Undelivered::Never("550 no such mailbox".to_owned())]);
        assert_eq!(server.mailbox.deliver(&server.ports).await.given_up, 1);
        let dead = read_dead(&server).await;
        assert_eq!(dead[0].last_error.as_deref(), Some("550 no such mailbox"));
        assert_eq!(dead[0].template, "recovery_code_template");
        server.clock.advance(Duration::from_hours(1));
        assert!(server.mails().await.is_empty());
        server.clock.advance(Duration::from_hours(24 * 30));
        assert!(read_dead(&server).await.is_empty());
    }

    async fn a_recovery_code_that_came_too_late_is_not_sent(server: TestServer) {
        cause_a_mail(&server).await;
        server.clock.advance(Duration::from_mins(6));
        assert!(server.mails().await.is_empty());
        assert_eq!(read_dead(&server).await.len(), 1);
    }

    /// A process that dies at a mail loses its claim with time; nothing is lost with it.
    async fn what_a_dead_process_had_claimed_is_delivered_by_another(server: TestServer) {
        cause_a_mail(&server).await;
        let claims = outbox::deliver_due(&server.ports, &Dying, 1);
        assert!(tokio::time::timeout(Duration::from_millis(200), claims).await.is_err());
        assert!(server.mails().await.is_empty(), "claimed");
        server.clock.advance(outbox::CLAIM);
        assert_eq!(server.mails().await.len(), 1);
    }

    async fn several_processes_deliver_every_mail_once(server: TestServer) {
        for _ in 0..5 {
            cause_a_mail(&server).await;
        }
        let mailboxes: Vec<Mailbox> = (0..4).map(|_| Mailbox::default()).collect();
        let rounds = mailboxes.iter().map(|mailbox| mailbox.deliver(&server.ports));
        let rounds = futures_util::future::join_all(rounds).await;
        assert_eq!(rounds.iter().map(|round| round.delivered).sum::<u32>(), 5);
        assert_eq!(mailboxes.iter().map(|mailbox| mailbox.take().len()).sum::<usize>(), 5);
    }

    /// Nothing of a mail can be read in the database: there is a code in it.
    async fn mails_are_sealed_at_rest(server: TestServer) {
        cause_a_mail(&server).await;
        let waiting = read_waiting(&server).await;
        let text = serde_json::to_string(&waiting).unwrap();
        assert!(!text.contains("client.example") && !text.contains("code is valid"), "{text}");
    }
}

/// A courier that never comes back.
struct Dying;

impl countersign_domain::notice::Courier for Dying {
    fn deliver<'a>(
        &'a self,
        _id: countersign_domain::ids::NoticeId,
        _mail: &'a countersign_domain::notice::Mail,
    ) -> countersign_domain::ports::BoxFuture<'a, Result<(), Undelivered>> {
        Box::pin(std::future::pending())
    }
}
