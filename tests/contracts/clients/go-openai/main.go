// The most used OpenAI client of Go.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	openai "github.com/sashabaranov/go-openai"

	. "nanite.invalid/clients/features"
)

const greeting = "What is the capital of France?"

var (
	ours = func() *openai.Client {
		config := openai.DefaultConfig("none")
		config.BaseURL = URL + "/v1"
		return openai.NewClientWithConfig(config)
	}()
	asked   = []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: greeting}}
	weather = openai.Tool{Type: openai.ToolTypeFunction, Function: &openai.FunctionDefinition{
		Name: "get_weather", Description: "The current weather of a city",
		Parameters: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}`),
	}}
)

func request(model string, tokens int) openai.ChatCompletionRequest {
	return openai.ChatCompletionRequest{Model: model, Messages: asked, MaxTokens: tokens}
}

var features = []Feature{
	{"chat", func(ctx context.Context) error {
		answer, err := ours.CreateChatCompletion(ctx, request(ChatModel, 8))
		if err != nil {
			return err
		}
		return Expect(answer.Choices[0].Message.Content != "" && answer.Usage.CompletionTokens <= 8, "%+v", answer)
	}},
	{"chat streamed", func(ctx context.Context) error {
		asking := request(ChatModel, 8)
		asking.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
		stream, err := ours.CreateChatCompletionStream(ctx, asking)
		if err != nil {
			return err
		}
		defer stream.Close()
		var text strings.Builder
		var usage *openai.Usage
		for {
			part, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return Expect(text.Len() > 0 && usage != nil, "%q, usage %v", text.String(), usage)
			}
			if err != nil {
				return err
			}
			if len(part.Choices) > 0 {
				text.WriteString(part.Choices[0].Delta.Content)
			}
			if part.Usage != nil {
				usage = part.Usage
			}
		}
	}},
	{"logprobs", func(ctx context.Context) error {
		asking := request(ChatModel, 8)
		asking.LogProbs, asking.TopLogProbs = true, 2
		answer, err := ours.CreateChatCompletion(ctx, asking)
		if err != nil {
			return err
		}
		return Expect(len(answer.Choices[0].LogProbs.Content) > 0, "%+v", answer.Choices[0].LogProbs)
	}},
	{"JSON schema", func(ctx context.Context) error {
		asking := request(ChatModel, 120)
		asking.ResponseFormat = &openai.ChatCompletionResponseFormat{
			Type: openai.ChatCompletionResponseFormatTypeJSONSchema,
			JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{Name: "city", Strict: true,
				Schema: json.RawMessage(`{"type":"object","properties":{"big":{"type":"boolean"}},"required":["big"],"additionalProperties":false}`)},
		}
		answer, err := ours.CreateChatCompletion(ctx, asking)
		if err != nil {
			return err
		}
		var found struct {
			Big *bool `json:"big"`
		}
		return errors.Join(json.Unmarshal([]byte(answer.Choices[0].Message.Content), &found), Expect(found.Big != nil, "%s", answer.Choices[0].Message.Content))
	}},
	{"tools, required", func(ctx context.Context) error {
		asking := request(ToolModel, 120)
		asking.Tools, asking.ToolChoice = []openai.Tool{weather}, "required"
		answer, err := ours.CreateChatCompletion(ctx, asking)
		if err != nil {
			return err
		}
		call := answer.Choices[0].Message.ToolCalls[0]
		var arguments map[string]string
		if err := json.Unmarshal([]byte(call.Function.Arguments), &arguments); err != nil {
			return err
		}
		asking.Messages = append(asked, answer.Choices[0].Message, openai.ChatCompletionMessage{Role: openai.ChatMessageRoleTool, ToolCallID: call.ID, Content: "rain"})
		asking.ToolChoice = "none"
		_, err = ours.CreateChatCompletion(ctx, asking)
		return errors.Join(err, Expect(len(arguments) == 1 && call.Function.Name == "get_weather", "%+v", call))
	}},
	{"completions with logprobs", func(ctx context.Context) error {
		answer, err := ours.CreateCompletion(ctx, openai.CompletionRequest{Model: ChatModel, Prompt: "The capital of France is", MaxTokens: 4, LogProbs: 2})
		if err != nil {
			return err
		}
		found := answer.Choices[0].LogProbs
		return Expect(len(found.Tokens) > 0 && len(found.Tokens) == len(found.TokenLogprobs), "%+v", found)
	}},
	{"embeddings", func(ctx context.Context) error {
		answer, err := ours.CreateEmbeddings(ctx, openai.EmbeddingRequest{Model: openai.EmbeddingModel(EmbedModel), Input: []string{"a", "b"}, Dimensions: 64})
		if err != nil {
			return err
		}
		return Expect(len(answer.Data) == 2 && len(answer.Data[0].Embedding) == 64, "%d", len(answer.Data))
	}},
	{"models", func(ctx context.Context) error {
		list, err := ours.ListModels(ctx)
		if err != nil {
			return err
		}
		_, err = ours.GetModel(ctx, ChatModel)
		return errors.Join(err, Expect(len(list.Models) > 1, "%+v", list.Models))
	}},
	{"an unknown model", func(ctx context.Context) error {
		_, err := ours.CreateChatCompletion(ctx, request("no-such-model", 8))
		var answer *openai.APIError
		return Expect(errors.As(err, &answer) && answer.HTTPStatusCode == http.StatusNotFound && answer.Code == "model_not_found", "%v", err)
	}},
}

func main() { Run(Client{"go-openai", ModuleVersion("github.com/sashabaranov/go-openai"), features}) }
