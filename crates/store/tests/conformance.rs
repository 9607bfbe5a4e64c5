//! Every promise on every adapter.

macro_rules! memory {
    ($($module:ident: $promise:ident;)*) => {$(
        #[tokio::test]
        async fn $promise() {
            let store = countersign_store::MemoryStore::new();
            countersign_store::conformance::$module::$promise(&store).await.unwrap();
        }
    )*};
}

macro_rules! sqlite {
    ($($module:ident: $promise:ident;)*) => {$(
        #[tokio::test]
        async fn $promise() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("store.db");
            let store = countersign_store::SqliteStore::open(&path, Default::default()).unwrap();
            countersign_store::conformance::$module::$promise(&store).await.unwrap();
        }
    )*};
}

mod memory {
    countersign_store::for_each_promise!(memory);
}

mod sqlite {
    countersign_store::for_each_promise!(sqlite);
}
