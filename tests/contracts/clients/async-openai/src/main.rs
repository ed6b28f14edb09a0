//! The most used OpenAI client of Rust: chat, streams, responses, embeddings, models.
use async_openai::config::OpenAIConfig;
use async_openai::Client;
use futures::StreamExt;
use serde_json::{json, Value};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

type Outcome = Result<(), Box<dyn std::error::Error>>;
type Works = fn(Setting) -> Pin<Box<dyn Future<Output = Outcome>>>;

#[derive(Clone)]
struct Setting {
    client: Client<OpenAIConfig>,
    chat: String,
    tools: String,
    embed: String,
}

fn setting(name: &str, otherwise: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| otherwise.to_string())
}

/// A request of the client's own type, from JSON as its documentation writes it.
fn request<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, serde_json::Error> {
    serde_json::from_value(value)
}

fn asked() -> Value {
    json!([{ "role": "user", "content": "What is the capital of France?" }])
}

fn expect(holds: bool, said: impl std::fmt::Debug) -> Outcome {
    if holds { Ok(()) } else { Err(format!("{said:?}").into()) }
}

async fn chat(at: Setting) -> Outcome {
    let body = json!({ "model": at.chat, "messages": asked(), "max_completion_tokens": 8 });
    let answer = at.client.chat().create(request(body)?).await?;
    expect(answer.choices[0].message.content.as_deref().is_some_and(|text| !text.is_empty()), &answer)
}

async fn chat_streamed(at: Setting) -> Outcome {
    let body = json!({ "model": at.chat, "messages": asked(), "max_completion_tokens": 8, "stream": true });
    let mut stream = at.client.chat().create_stream(request(body)?).await?;
    let mut text = String::new();
    while let Some(part) = stream.next().await {
        for choice in part?.choices {
            text += choice.delta.content.as_deref().unwrap_or_default();
        }
    }
    expect(!text.is_empty(), text)
}

async fn json_schema(at: Setting) -> Outcome {
    let schema = json!({ "type": "object", "properties": { "big": { "type": "boolean" } }, "required": ["big"], "additionalProperties": false });
    let format = json!({ "type": "json_schema", "json_schema": { "name": "city", "strict": true, "schema": schema } });
    let body = json!({ "model": at.chat, "messages": asked(), "max_completion_tokens": 120, "response_format": format });
    let answer = at.client.chat().create(request(body)?).await?;
    let text = answer.choices[0].message.content.clone().unwrap_or_default();
    expect(serde_json::from_str::<Value>(&text)?["big"].is_boolean(), text)
}

async fn tools(at: Setting) -> Outcome {
    let parameters = json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
    let tool = json!({ "type": "function", "function": { "name": "get_weather", "parameters": parameters } });
    let body = json!({ "model": at.tools, "messages": asked(), "max_completion_tokens": 120, "tools": [tool], "tool_choice": "required" });
    let answer = at.client.chat().create(request(body)?).await?;
    let calls = serde_json::to_value(&answer.choices[0].message.tool_calls)?;
    expect(calls[0]["function"]["name"] == "get_weather", calls)
}

async fn responses(at: Setting) -> Outcome {
    let body = json!({ "model": at.chat, "input": "What is the capital of France?", "max_output_tokens": 16 });
    let answer = at.client.responses().create(request(body)?).await?;
    expect(answer.output_text().is_some_and(|text| !text.is_empty()), &answer)
}

async fn responses_streamed(at: Setting) -> Outcome {
    let body = json!({ "model": at.chat, "input": "What is the capital of France?", "max_output_tokens": 16, "stream": true });
    let mut stream = at.client.responses().create_stream(request(body)?).await?;
    let mut events = 0;
    while let Some(event) = stream.next().await {
        event?;
        events += 1;
    }
    expect(events > 6, events)
}

async fn embeddings(at: Setting) -> Outcome {
    let body = json!({ "model": at.embed, "input": ["a", "b"], "dimensions": 64 });
    let answer = at.client.embeddings().create(request(body)?).await?;
    expect(answer.data.len() == 2 && answer.data[0].embedding.len() == 64, answer.data.len())
}

async fn models(at: Setting) -> Outcome {
    let answer = at.client.models().list().await?;
    expect(answer.data.iter().any(|model| model.id == at.chat), answer)
}

fn features() -> Vec<(&'static str, Works)> {
    vec![
        ("chat", |at| Box::pin(chat(at))),
        ("chat streamed", |at| Box::pin(chat_streamed(at))),
        ("JSON schema", |at| Box::pin(json_schema(at))),
        ("tools, required", |at| Box::pin(tools(at))),
        ("responses", |at| Box::pin(responses(at))),
        ("responses streamed", |at| Box::pin(responses_streamed(at))),
        ("embeddings", |at| Box::pin(embeddings(at))),
        ("models", |at| Box::pin(models(at))),
    ]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let config = OpenAIConfig::new()
        .with_api_base(format!("{}/v1", setting("NANITE_URL", "http://127.0.0.1:11434")))
        .with_api_key("none");
    let at = Setting {
        client: Client::with_config(config),
        chat: setting("NANITE_CHAT_MODEL", "smollm2:135m"),
        tools: setting("NANITE_TOOL_MODEL", "qwen2.5-coder:0.5b"),
        embed: setting("NANITE_EMBED_MODEL", "bge-small-en-v1.5"),
    };
    let patience = Duration::from_secs(setting("NANITE_FEATURE_SECONDS", "180").parse().unwrap_or(180));
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let chosen: Vec<_> = features()
        .into_iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|at| at == name))
        .collect();
    let version = env!("CLIENT_VERSION");
    let plan: Vec<_> = chosen.iter().map(|(name, _)| *name).collect();
    println!("{}", json!({ "client": "async-openai", "version": version, "plan": plan }));
    for (name, works) in chosen {
        let detail = match tokio::time::timeout(patience, works(at.clone())).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no end after {} s", patience.as_secs())),
        };
        let said: String = detail.clone().unwrap_or_default().chars().take(800).collect();
        println!(
            "{}",
            json!({ "client": "async-openai", "version": version, "feature": name, "ok": detail.is_none(), "detail": said })
        );
    }
}
