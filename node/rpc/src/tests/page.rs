//! Pages: every entry once, in order, with bounded work.

use crate::args::Quantity;
use crate::page::{LIMIT_MAX, Order, Page, SCAN_MAX};
use serde_json::{Value, json};

/// All entries that `wanted` keeps, page by page, and how many pages there were.
fn all(last: u64, limit: u64, order: Order, wanted: impl Fn(u64) -> bool) -> (Vec<u64>, usize) {
    let (mut entries, mut pages, mut cursor) = (Vec::new(), 0, None::<Value>);
    loop {
        let page = Page::new(cursor.as_ref(), Some(Quantity(limit)), order).unwrap();
        let mut looked_at = 0;
        let pick = |id| {
            looked_at += 1;
            Ok(wanted(id).then_some(id))
        };
        let found = page.collect((1, last), pick).unwrap().unwrap();
        assert!(looked_at <= SCAN_MAX && found.entries.len() as u64 <= limit);
        entries.extend(found.entries);
        pages += 1;
        match found.next {
            Some(next) => cursor = Some(json!(next)),
            None => return (entries, pages),
        }
    }
}

#[test]
fn pages_make_the_whole_list() {
    for order in [Order::Asc, Order::Desc] {
        for (last, limit) in [(0, 3), (1, 1), (9, 3), (10, 3), (250, LIMIT_MAX)] {
            let mut expected: Vec<u64> = (1..=last).collect();
            if order == Order::Desc {
                expected.reverse();
            }
            let (entries, pages) = all(last, limit, order, |_| true);
            assert_eq!(entries, expected, "{order:?} {last} {limit}");
            assert_eq!(pages as u64, last.div_ceil(limit).max(1));
        }
    }
}

#[test]
fn a_filter_that_leaves_nearly_all_out_ends_pages_too() {
    let (entries, pages) = all(SCAN_MAX * 3, 5, Order::Asc, |id| id == SCAN_MAX * 2 + 7);
    assert_eq!((entries, pages), (vec![SCAN_MAX * 2 + 7], 3));
}

#[test]
fn cursors_and_limits_are_checked() {
    let reason = |cursor: Value, limit: u64| {
        Page::new(Some(&cursor), Some(Quantity(limit)), Order::Asc).unwrap_err().data.unwrap()["reason"].clone()
    };
    assert_eq!(reason(json!("zz"), 1), "bad_cursor");
    assert_eq!(reason(json!({}), 1), "bad_cursor");
    for limit in [0, LIMIT_MAX + 1] {
        assert_eq!(reason(json!("0x1"), limit), "bad_limit");
    }
    for outside in ["0x0", "0x4"] {
        let page = Page::new(Some(&json!(outside)), None, Order::Asc).unwrap();
        assert_eq!(page.collect((1, 3), |id| Ok(Some(id))).unwrap(), None);
    }
}
