// LangChain for Go, with its models of Ollama, OpenAI and Anthropic.
package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/anthropic"
	"github.com/tmc/langchaingo/llms/ollama"
	"github.com/tmc/langchaingo/llms/openai"

	. "nanite.invalid/clients/features"
)

const greeting = "What is the capital of France?"

var weather = llms.Tool{Type: "function", Function: &llms.FunctionDefinition{
	Name: "get_weather", Description: "The current weather of a city",
	Parameters: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`),
}}

func answers(ctx context.Context, model llms.Model, err error) error {
	if err != nil {
		return err
	}
	text, err := llms.GenerateFromSinglePrompt(ctx, model, greeting, llms.WithMaxTokens(8))
	return errors.Join(err, Expect(text != "", "no text"))
}

func streams(ctx context.Context, model llms.Model, err error) error {
	if err != nil {
		return err
	}
	parts := 0
	_, err = llms.GenerateFromSinglePrompt(ctx, model, greeting, llms.WithMaxTokens(8), llms.WithStreamingFunc(func(context.Context, []byte) error {
		parts++
		return nil
	}))
	return errors.Join(err, Expect(parts > 1, "%d parts", parts))
}

func overOpenai(model string) (*openai.LLM, error) {
	return openai.New(openai.WithBaseURL(URL+"/v1"), openai.WithToken("none"), openai.WithModel(model), openai.WithEmbeddingModel(EmbedModel))
}

func overAnthropic() (*anthropic.LLM, error) {
	return anthropic.New(anthropic.WithBaseURL(URL+"/v1"), anthropic.WithToken("none"), anthropic.WithModel(ChatModel))
}

func overOllama(options ...ollama.Option) (*ollama.LLM, error) {
	return ollama.New(append([]ollama.Option{ollama.WithServerURL(URL), ollama.WithModel(ChatModel)}, options...)...)
}

var features = []Feature{
	{"Ollama: generate", func(ctx context.Context) error { model, err := overOllama(); return answers(ctx, model, err) }},
	{"Ollama: streamed", func(ctx context.Context) error { model, err := overOllama(); return streams(ctx, model, err) }},
	{"Ollama: pull before use", func(ctx context.Context) error {
		model, err := overOllama(ollama.WithPullModel())
		return answers(ctx, model, err)
	}},
	{"Ollama: JSON", func(ctx context.Context) error {
		model, err := ollama.New(ollama.WithServerURL(URL), ollama.WithModel(ToolModel), ollama.WithFormat("json"))
		if err != nil {
			return err
		}
		text, err := llms.GenerateFromSinglePrompt(ctx, model, `Name a city as JSON: {"city": name}.`, llms.WithMaxTokens(120), llms.WithTemperature(0))
		return errors.Join(err, Expect(json.Valid([]byte(text)), "%s", text))
	}},
	{"Ollama: embeddings", func(ctx context.Context) error {
		model, err := ollama.New(ollama.WithServerURL(URL), ollama.WithModel(EmbedModel))
		return embedded(ctx, model, err)
	}},
	{"OpenAI: generate", func(ctx context.Context) error { model, err := overOpenai(ChatModel); return answers(ctx, model, err) }},
	{"OpenAI: streamed", func(ctx context.Context) error { model, err := overOpenai(ChatModel); return streams(ctx, model, err) }},
	{"OpenAI: tools, required", func(ctx context.Context) error {
		model, err := overOpenai(ToolModel)
		if err != nil {
			return err
		}
		messages := []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "What is the weather in Paris?")}
		answer, err := model.GenerateContent(ctx, messages, llms.WithTools([]llms.Tool{weather}), llms.WithToolChoice("required"), llms.WithMaxTokens(120))
		if err != nil {
			return err
		}
		return Expect(len(answer.Choices[0].ToolCalls) > 0 && answer.Choices[0].ToolCalls[0].FunctionCall.Name == "get_weather", "%+v", answer.Choices[0])
	}},
	{"OpenAI: embeddings", func(ctx context.Context) error { model, err := overOpenai(ChatModel); return embedded(ctx, model, err) }},
	{"Anthropic: generate", func(ctx context.Context) error { model, err := overAnthropic(); return answers(ctx, model, err) }},
	{"Anthropic: streamed", func(ctx context.Context) error { model, err := overAnthropic(); return streams(ctx, model, err) }},
}

func embedded(ctx context.Context, model embeddings.EmbedderClient, err error) error {
	if err != nil {
		return err
	}
	embedder, err := embeddings.NewEmbedder(model)
	if err != nil {
		return err
	}
	found, err := embedder.EmbedDocuments(ctx, []string{"a", "b"})
	return errors.Join(err, Expect(len(found) == 2 && len(found[0]) > 100, "%d", len(found)))
}

func main() { Run(Client{"langchaingo", ModuleVersion("github.com/tmc/langchaingo"), features}) }
