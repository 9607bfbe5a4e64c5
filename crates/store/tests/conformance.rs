//! Every promise on every adapter.

mod support;

use countersign_store::{MemoryStore, SqliteOptions, SqliteStore, conformance, for_each_promise};

macro_rules! memory {
    ($($module:ident: $promise:ident;)*) => {$(
        #[tokio::test]
        async fn $promise() {
            let store = MemoryStore::new();
            conformance::$module::$promise(&store).await.unwrap();
        }
    )*};
}

macro_rules! sqlite {
    ($($module:ident: $promise:ident;)*) => {$(
        #[tokio::test]
        async fn $promise() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("store.db");
            let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
            conformance::$module::$promise(&store).await.unwrap();
        }
    )*};
}

macro_rules! postgres {
    ($($module:ident: $promise:ident;)*) => {$(
        #[tokio::test]
        async fn $promise() {
            let (store, _) = support::postgres().await;
            conformance::$module::$promise(&store).await.unwrap();
        }
    )*};
}

mod memory {
    use super::*;
    for_each_promise!(memory);
}

mod sqlite {
    use super::*;
    for_each_promise!(sqlite);
}

mod postgres {
    use super::*;
    for_each_promise!(postgres);
}
