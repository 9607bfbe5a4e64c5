//! The same test on every storage adapter.

use std::future::Future;

use crate::{TestServer, VirtualClock, broken};

/// Where a server under test keeps its documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adapter {
    /// Ordered maps.
    Memory,
    /// A file in a temporary folder.
    Sqlite,
    /// A database of its own in the cluster that `cargo xtask test` starts.
    Postgres,
}

/// Runs a test with a server of its own on an adapter, and cleans up after it.
pub fn run<F: Future<Output = ()>>(adapter: Adapter, test: impl FnOnce(TestServer) -> F) {
    run_at(adapter, VirtualClock::fixed(), test);
}

/// The same with a clock that stands at the real time: for browsers and certificates, which look at
/// dates.
pub fn run_today<F: Future<Output = ()>>(adapter: Adapter, test: impl FnOnce(TestServer) -> F) {
    run_at(adapter, VirtualClock::today(), test);
}

/// The same with a clock that goes with the real time: for programs that judge tokens by a clock of
/// their own, however long they take.
pub fn run_in_real_time<F: Future<Output = ()>>(
    adapter: Adapter,
    test: impl FnOnce(TestServer) -> F,
) {
    run_at(adapter, VirtualClock::going(), test);
}

fn run_at<F: Future<Output = ()>>(
    adapter: Adapter,
    clock: VirtualClock,
    test: impl FnOnce(TestServer) -> F,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.unwrap_or_else(|error| broken("no runtime", error));
    runtime.block_on(async {
        let (server, shutdown) = TestServer::start(adapter, clock).await;
        test(server).await;
        shutdown.finish().await;
    });
}

/// Makes three tests of each function: one per adapter, each with a server of its own.
#[macro_export]
macro_rules! on_every_adapter {
    ($($(#[$about:meta])* async fn $name:ident($server:ident: $kind:ty) $body:block)*) => {$(
        $(#[$about])*
        async fn $name($server: $kind) $body

        mod $name {
            #[test]
            fn on_memory() {
                $crate::run($crate::Adapter::Memory, super::$name);
            }

            #[test]
            fn on_sqlite() {
                $crate::run($crate::Adapter::Sqlite, super::$name);
            }

            #[test]
            fn on_postgres() {
                $crate::run($crate::Adapter::Postgres, super::$name);
            }
        }
    )*};
}
