//! What requests stand in a file of samples?

use clir::exchange::Fields;
use serde_json::Value;

/// The targets and fields of a file of samples.
pub fn samples(text: &str) -> Vec<(String, Fields)> {
    text.lines().map(sample).collect()
}

fn sample(line: &str) -> (String, Fields) {
    let json: Value = serde_json::from_str(line).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let headers = json["headers"].as_array().unwrap().iter().map(|pair| (text(&pair[0]), text(&pair[1])));
    (text(&json["path"]), headers.collect())
}
