//! Log filters.

use crate::logs::parse_filter;

#[test]
fn filters_are_read_as_a_whole() {
    for good in ["info", "", "info,assay_chain=debug", "warn,arc_malachitebft=off", "assay_rpc[call]=trace"] {
        parse_filter(good).unwrap();
    }
    for bad in ["assay=loud", "=", "info,,a=b=c"] {
        assert!(parse_filter(bad).is_err(), "{bad}");
    }
}
