package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ollama/ollama/api"

	. "nanite.invalid/clients/features"
)

// Every feature of Ollama's own Go package, which its command and many Go programs use.
var packageFeatures = []Feature{
	{"heartbeat, version", func(ctx context.Context) error {
		version, err := ollama.Version(ctx)
		return errors.Join(ollama.Heartbeat(ctx), err, Expect(version != "", "no version"))
	}},
	{"list", func(ctx context.Context) error {
		found, err := ollama.List(ctx)
		if err != nil {
			return err
		}
		for _, model := range found.Models {
			if model.Name == ChatModel {
				return Expect(model.Size > 10_000_000 && len(model.Digest) == 64 && !model.ModifiedAt.IsZero(), "%+v", model)
			}
		}
		return fmt.Errorf("%s is not in %+v", ChatModel, found.Models)
	}},
	{"show by name", func(ctx context.Context) error { return shown(ollama.Show(ctx, &api.ShowRequest{Name: ChatModel})) }},
	{"show by model", func(ctx context.Context) error { return shown(ollama.Show(ctx, &api.ShowRequest{Model: ChatModel})) }},
	{"chat", func(ctx context.Context) error {
		var text strings.Builder
		last, err := chat(ctx, &api.ChatRequest{Model: ChatModel, Messages: asked, Options: short}, &text)
		return errors.Join(err, Expect(last.Done && last.EvalCount > 0 && last.EvalCount <= 8 && text.Len() > 0, "%+v", last))
	}},
	{"chat with upper-case roles", func(ctx context.Context) error {
		_, err := chat(ctx, &api.ChatRequest{Model: ChatModel, Messages: []api.Message{{Role: "User", Content: greeting}}, Options: short}, nil)
		return err
	}},
	{"chat with tools", func(ctx context.Context) error {
		for _, question := range toolQuestions {
			history := []api.Message{{Role: "user", Content: question}}
			var calls []api.ToolCall
			request := &api.ChatRequest{Model: ToolModel, Messages: history, Tools: tools, Options: long}
			if err := ollama.Chat(ctx, request, func(part api.ChatResponse) error {
				calls = append(calls, part.Message.ToolCalls...)
				return nil
			}); err != nil {
				return err
			}
			if len(calls) == 0 {
				continue
			}
			city, given := calls[0].Function.Arguments.Get("city")
			if _, text := city.(string); !given || !text || calls[0].Function.Arguments.Len() != 1 {
				return fmt.Errorf("arguments %s", calls[0].Function.Arguments.String())
			}
			request.Messages = append(history, api.Message{Role: "assistant", ToolCalls: calls},
				api.Message{Role: "tool", Content: "rain", ToolName: calls[0].Function.Name, ToolCallID: calls[0].ID})
			request.Options = short
			last, err := chat(ctx, request, nil)
			return errors.Join(err, Expect(last.Done, "no end"))
		}
		return errors.New("none of the questions made the model call a tool")
	}},
	{"tools refused by a model without them", func(ctx context.Context) error {
		_, err := chat(ctx, &api.ChatRequest{Model: ChatModel, Messages: asked, Tools: tools, Options: short}, nil)
		return refused(err, http.StatusBadRequest, "does not support tools")
	}},
	{"chat with a JSON schema", func(ctx context.Context) error {
		var text strings.Builder
		_, err := chat(ctx, &api.ChatRequest{Model: ChatModel, Messages: asked, Format: schema, Options: long}, &text)
		var city struct {
			City *string `json:"city"`
			Big  *bool   `json:"big"`
		}
		return errors.Join(err, json.Unmarshal([]byte(text.String()), &city), Expect(city.City != nil && city.Big != nil, "%s", text.String()))
	}},
	{"chat with logprobs", func(ctx context.Context) error {
		stream := false
		last, err := chat(ctx, &api.ChatRequest{Model: ChatModel, Messages: asked, Logprobs: true, TopLogprobs: 2, Stream: &stream, Options: short}, nil)
		return errors.Join(err, Expect(len(last.Logprobs) == last.EvalCount && len(last.Logprobs[0].TopLogprobs) == 2, "%+v", last.Logprobs))
	}},
	{"generate", func(ctx context.Context) error {
		last, err := generate(ctx, &api.GenerateRequest{Model: ChatModel, Prompt: greeting, System: "Answer in one word.", Options: short})
		return errors.Join(err, Expect(last.Done && last.EvalCount > 0 && last.EvalCount <= 8, "%+v", last))
	}},
	{"generate with logprobs", func(ctx context.Context) error {
		last, err := generate(ctx, &api.GenerateRequest{Model: ChatModel, Prompt: greeting, Logprobs: true, Stream: new(bool), Options: short})
		return errors.Join(err, Expect(len(last.Logprobs) == last.EvalCount, "%d of %d", len(last.Logprobs), last.EvalCount))
	}},
	{"generate with context", func(ctx context.Context) error {
		first, err := generate(ctx, &api.GenerateRequest{Model: ChatModel, Prompt: "My name is Ada.", Options: short})
		if err != nil {
			return err
		}
		second, err := generate(ctx, &api.GenerateRequest{Model: ChatModel, Prompt: "What is my name?", Context: first.Context, Options: short})
		return errors.Join(err, Expect(len(first.Context) > 5 && len(second.Context) > len(first.Context), "%d, then %d tokens", len(first.Context), len(second.Context)))
	}},
	{"generate with suffix", func(ctx context.Context) error {
		last, err := generate(ctx, &api.GenerateRequest{Model: ToolModel, Prompt: "def add(a, b):\n    return ", Suffix: "\n\nprint(add(1, 2))\n", Options: short})
		return errors.Join(err, Expect(last.Done, "no end"))
	}},
	{"64-bit seed", func(ctx context.Context) error {
		_, err := generate(ctx, &api.GenerateRequest{Model: ChatModel, Prompt: greeting, Options: map[string]any{"seed": int64(math.MaxInt64), "num_predict": 4}})
		return err
	}},
	{"truncate and shift", func(ctx context.Context) error {
		yes := true
		history := []api.Message{{Role: "user", Content: strings.Repeat("word ", 1500)}, {Role: "assistant", Content: "ok"}, asked[0]}
		options := map[string]any{"num_ctx": 1024, "num_predict": 8, "temperature": 0}
		last, err := chat(ctx, &api.ChatRequest{Model: ChatModel, Messages: history, Truncate: &yes, Shift: &yes, Options: options}, nil)
		if err != nil {
			return err
		}
		no := false
		_, err = chat(ctx, &api.ChatRequest{Model: ChatModel, Messages: history, Truncate: &no, Options: options}, nil)
		return errors.Join(Expect(last.PromptEvalCount <= 1024, "%d tokens", last.PromptEvalCount), refused(err, http.StatusBadRequest, "exceed"))
	}},
	{"embed", func(ctx context.Context) error {
		found, err := ollama.Embed(ctx, &api.EmbedRequest{Model: EmbedModel, Input: []string{"a cat", "a kitten"}, Dimensions: 64})
		if err != nil {
			return err
		}
		old, err := ollama.Embeddings(ctx, &api.EmbeddingRequest{Model: EmbedModel, Prompt: "a cat"})
		return errors.Join(err, Expect(len(found.Embeddings) == 2 && len(found.Embeddings[0]) == 64 && len(old.Embedding) > 64, "%d", len(found.Embeddings)))
	}},
	{"create, copy, delete", func(ctx context.Context) error {
		const name = "clients-gopher"
		statuses := []string{}
		request := &api.CreateRequest{Model: name, From: ChatModel, System: strings.Repeat("Talk like a gopher. ", 10), Parameters: map[string]any{"temperature": 0.5}}
		if err := ollama.Create(ctx, request, func(at api.ProgressResponse) error { statuses = append(statuses, at.Status); return nil }); err != nil {
			return err
		}
		defer func() { _ = ollama.Delete(context.WithoutCancel(ctx), &api.DeleteRequest{Name: name}) }()
		plain, err1 := chat(ctx, &api.ChatRequest{Model: ChatModel, Messages: asked, Options: short}, nil)
		gopher, err2 := chat(ctx, &api.ChatRequest{Model: name, Messages: asked, Options: short}, nil)
		err3 := ollama.Copy(ctx, &api.CopyRequest{Source: name, Destination: name + "2"})
		err4 := ollama.Delete(ctx, &api.DeleteRequest{Model: name + "2"})
		return errors.Join(err1, err2, err3, err4,
			Expect(slices.Contains(statuses, "success"), "%v", statuses),
			Expect(gopher.PromptEvalCount > plain.PromptEvalCount+20, "%d tokens with SYSTEM, %d without", gopher.PromptEvalCount, plain.PromptEvalCount))
	}},
	{"pull of a model that is there", func(ctx context.Context) error {
		status := ""
		err := ollama.Pull(ctx, &api.PullRequest{Model: ChatModel}, func(at api.ProgressResponse) error { status = at.Status; return nil })
		return errors.Join(err, Expect(status == "success", "%q", status))
	}},
	{"ps", func(ctx context.Context) error {
		if _, err := generate(ctx, &api.GenerateRequest{Model: ChatModel}); err != nil {
			return err
		}
		running, err := ollama.ListRunning(ctx)
		if err != nil {
			return err
		}
		return Expect(slices.ContainsFunc(running.Models, func(model api.ProcessModelResponse) bool {
			return model.Name == ChatModel && model.ContextLength > 0 && model.Size > 0
		}), "%+v", running.Models)
	}},
	{"an unknown model", func(ctx context.Context) error {
		_, err := chat(ctx, &api.ChatRequest{Model: "no-such-model", Messages: asked}, nil)
		return refused(err, http.StatusNotFound, "not found")
	}},
	{"cancel", func(ctx context.Context) error {
		limited, cancel := context.WithCancel(ctx)
		err := ollama.Chat(limited, &api.ChatRequest{Model: ChatModel, Messages: asked, Options: map[string]any{"num_predict": 2000}}, func(api.ChatResponse) error {
			cancel()
			return nil
		})
		_, after := chat(ctx, &api.ChatRequest{Model: ChatModel, Messages: asked, Options: short}, nil)
		return errors.Join(Expect(errors.Is(err, context.Canceled), "%v", err), after)
	}},
}

const greeting = "What is the capital of France?"

var (
	ollama = func() *api.Client {
		base, err := url.Parse(URL)
		if err != nil {
			panic(err)
		}
		return api.NewClient(base, http.DefaultClient)
	}()
	asked         = []api.Message{{Role: "user", Content: greeting}}
	short         = map[string]any{"temperature": 0, "seed": 1, "num_predict": 8}
	long          = map[string]any{"temperature": 0, "seed": 1, "num_predict": 120}
	schema        = json.RawMessage(`{"type":"object","properties":{"city":{"type":"string","maxLength":12},"big":{"type":"boolean"}},"required":["city","big"]}`)
	toolQuestions = []string{"What is the weather in Paris right now? Use the tool.", "Get the current weather of Berlin.", "Call get_weather for Madrid.", "I need today's weather for Rome; look it up."}
	tools         = func() (found api.Tools) {
		const text = `[{"type":"function","function":{"name":"get_weather","description":"The current weather of a city","parameters":{"type":"object","properties":{"city":{"type":"string","description":"The name of the city"}},"required":["city"]}}}]`
		if err := json.Unmarshal([]byte(text), &found); err != nil {
			panic(err)
		}
		return found
	}()
)

func shown(found *api.ShowResponse, err error) error {
	if err != nil {
		return err
	}
	return Expect(found.Template != "" && found.ModelInfo["general.architecture"] == "llama" && len(found.Capabilities) > 0, "%+v", found)
}

func chat(ctx context.Context, request *api.ChatRequest, text *strings.Builder) (last api.ChatResponse, err error) {
	err = ollama.Chat(ctx, request, func(part api.ChatResponse) error {
		last = part
		if text != nil {
			text.WriteString(part.Message.Content)
		}
		return nil
	})
	return last, err
}

func generate(ctx context.Context, request *api.GenerateRequest) (last api.GenerateResponse, err error) {
	err = ollama.Generate(ctx, request, func(part api.GenerateResponse) error { last = part; return nil })
	return last, err
}

func refused(err error, status int, words string) error {
	var answer api.StatusError
	if !errors.As(err, &answer) {
		return fmt.Errorf("not refused: %w", errors.Join(err, errors.New("no status")))
	}
	return Expect(answer.StatusCode == status && strings.Contains(answer.ErrorMessage, words), "%d %s", answer.StatusCode, answer.ErrorMessage)
}
