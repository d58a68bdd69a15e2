//! What the fuzz targets run, as plain functions, so that `make test` replays their corpora on the stable compiler.
//! The integration tests live in `tests/`.

pub mod fuzz;
