use std::sync::Mutex;

use super::*;

/// A server's rows, which may change between two pages. Those above 100 cannot be read.
struct Numbers(Mutex<Vec<i64>>);

impl Rows for Numbers {
    type Row = i64;

    async fn fetch(&self, offset: usize, size: usize) -> Result<Fetched<i64>> {
        let all = self.0.lock().unwrap();
        let rows = (offset..).zip(all.iter().skip(offset).take(size)).filter(|(_, row)| **row < 100);
        let placed = |(number, row): (usize, &i64)| (number, Placed { place: vec![SortValue::Int(*row)], row: *row });
        Ok(Fetched { rows: rows.map(placed).collect(), is_last: all.len() < offset + size })
    }
}

struct KeepAll;

impl Keep<i64> for KeepAll {
    fn is_all(&self) -> bool {
        true
    }

    async fn keep(&self, rows: &[i64]) -> Result<Vec<bool>> {
        Ok(vec![true; rows.len()])
    }
}

struct Even;

impl Keep<i64> for Even {
    fn is_all(&self) -> bool {
        false
    }

    async fn keep(&self, rows: &[i64]) -> Result<Vec<bool>> {
        Ok(rows.iter().map(|row| row % 2 == 0).collect())
    }
}

fn query() -> QueryId {
    QueryId::new("test", &"", 2)
}

/// All pages, with a change of the rows after each.
async fn pages(
    rows: Vec<i64>,
    keep: &impl Keep<i64>,
    size: usize,
    chunk: usize,
    change: impl Fn(&mut Vec<i64>),
) -> Vec<Vec<i64>> {
    let rows = Numbers(Mutex::new(rows));
    let mut pages = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let mut walk = Walk::begin(token.as_deref(), query(), vec![false]).unwrap();
        let filled = fill(&mut walk, &rows, keep, size, query(), chunk).await.unwrap();
        pages.push(filled.items);
        change(&mut rows.0.lock().unwrap());
        token = filled.next_page_token;
        if token.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn pages_hold_every_row_once() {
    for size in 1..8 {
        for chunk in 2..6 {
            let all = pages((0..7).collect(), &KeepAll, size, chunk, |_| {}).await;
            assert_eq!(all.concat(), (0..7).collect::<Vec<_>>(), "pages of {size} in chunks of {chunk}");
            assert!(all.iter().all(|page| !page.is_empty() && page.len() <= size));
        }
    }
}

#[tokio::test]
async fn rows_that_are_left_out_count_for_no_page() {
    for chunk in 2..6 {
        let all = pages((0..10).collect(), &Even, 2, chunk, |_| {}).await;
        assert_eq!(all, [vec![0, 2], vec![4, 6], vec![8]], "in chunks of {chunk}");
    }
}

#[tokio::test]
async fn rows_deleted_before_the_place_hide_none_behind_it() {
    for chunk in 2..6 {
        let all = pages((0..12).collect(), &KeepAll, 3, chunk, |rows| drop(rows.drain(..2.min(rows.len())))).await;
        assert_eq!(all.concat(), (0..12).collect::<Vec<_>>(), "in chunks of {chunk}");
    }
}

#[tokio::test]
async fn the_last_row_may_be_deleted_itself() {
    let all = pages((0..9).collect(), &KeepAll, 3, 4, |rows| rows.retain(|row| *row != 2)).await;
    assert_eq!(all.concat(), (0..9).collect::<Vec<_>>());
}

#[tokio::test]
async fn rows_that_come_before_the_place_repeat_none() {
    for chunk in 2..6 {
        let all =
            pages((0..9).collect(), &KeepAll, 3, chunk, |rows| rows.splice(..0, [-9, -8, -7, -6, -5]).for_each(drop))
                .await;
        assert_eq!(all.concat(), (0..9).collect::<Vec<_>>(), "in chunks of {chunk}");
    }
}

#[tokio::test]
async fn all_rows_may_go() {
    let all = pages((0..9).collect(), &KeepAll, 3, 4, Vec::clear).await;
    assert_eq!(all, [vec![0, 1, 2], vec![]]);
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_passed_over() {
    for chunk in 2..6 {
        let rows = vec![900, 901, 902, 1, 2, 903, 904, 905, 906, 907, 3, 908, 4, 909];
        let all = pages(rows, &KeepAll, 2, chunk, |rows| rows.retain(|row| *row != 2)).await;
        assert_eq!(all.concat(), [1, 2, 3, 4], "in chunks of {chunk}");
    }
    let all = pages(vec![900, 901, 902], &KeepAll, 2, 2, |_| {}).await;
    assert!(all.concat().is_empty(), "{all:?}");
}

#[test]
fn tokens_of_others_are_refused() {
    let token = Walk::token(3, &[SortValue::Int(7)], query());
    assert!(Walk::begin(Some(&token), query(), vec![false]).is_ok());
    assert!(Walk::begin(Some(&token), QueryId::new("test", &"other", 2), vec![false]).is_err());
    let without_number = PageToken { last: vec![SortValue::Null, SortValue::Int(7)] }.encode(query());
    assert!(Walk::begin(Some(&without_number), query(), vec![false]).is_err());
}
