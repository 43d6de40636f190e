//! Pages: `maxResults`, and a `nextToken` that goes on where the last page ended.

use serde_json::Value;

use crate::world::Refusal;

/// One page of `items` and the token of the next, if there is one.
pub(super) fn page<T: Clone>(
    body: &Value,
    items: &[T],
    (usual, most): (usize, usize),
) -> Result<(Vec<T>, Option<String>), Refusal> {
    let size = match body["maxResults"].as_i64() {
        None => usual,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=most).contains(size))
            .ok_or_else(|| {
                Refusal::parameter(format!("maxResults must be between 1 and {most}."))
            })?,
    };
    let start = match body["nextToken"].as_str() {
        None => 0,
        Some(token) => {
            let start = token
                .strip_prefix("page-")
                .and_then(|start| start.parse::<usize>().ok());
            start
                .filter(|start| *start <= items.len())
                .ok_or_else(|| Refusal::parameter("Invalid token."))?
        }
    };
    let end = items.len().min(start + size);
    let next = (end < items.len()).then(|| format!("page-{end}"));
    Ok((items[start..end].to_vec(), next))
}

/// An answer with `nextToken` where there is a next page.
pub(super) fn with_next(mut answer: Value, next: Option<String>) -> Value {
    if let (Value::Object(members), Some(next)) = (&mut answer, next) {
        members.insert("nextToken".to_owned(), Value::String(next));
    }
    answer
}
