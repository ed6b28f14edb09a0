package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "nanite.invalid/clients/features"
)

// Every subcommand of Ollama's own command that speaks to a server.
var commandFeatures = []Feature{
	{"list", says(ChatModel, "list")},
	{"show", says("llama", "show", ChatModel)},
	{"show --modelfile", says("FROM", "show", "--modelfile", ChatModel)},
	{"show --template", says("im_start", "show", "--template", ChatModel)},
	{"show --parameters, --system, --license", func(ctx context.Context) error {
		return errors.Join(says("", "show", "--parameters", ChatModel)(ctx), says("", "show", "--system", ChatModel)(ctx), says("Apache", "show", "--license", ChatModel)(ctx))
	}},
	{"run", says("Paris", "run", ChatModel, greeting)},
	{"run --verbose", says("eval rate", "run", "--verbose", ChatModel, greeting)},
	{"run --format json", says("{", "run", "--format", "json", "--keepalive", "5m", ToolModel, "Name a city as JSON: {\"city\": name}.")},
	{"run with piped input", func(ctx context.Context) error {
		_, err := command(ctx, "The sky is blue.", "run", ChatModel, "Repeat:")
		return err
	}},
	{"ps", func(ctx context.Context) error {
		return errors.Join(says("", "run", ChatModel, "")(ctx), says(ChatModel, "ps")(ctx))
	}},
	{"stop", func(ctx context.Context) error {
		if err := errors.Join(says("", "run", ChatModel, "")(ctx), says("", "stop", ChatModel)(ctx)); err != nil {
			return err
		}
		running, err := command(ctx, "", "ps")
		return errors.Join(err, Expect(!strings.Contains(running, ChatModel), "still running: %s", running))
	}},
	{"create from a Modelfile, cp, rm", func(ctx context.Context) error {
		folder, err := os.MkdirTemp("", "")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		file := filepath.Join(folder, "Modelfile")
		text := "FROM " + ChatModel + "\nSYSTEM Talk like a captain.\nPARAMETER temperature 0.5\nPARAMETER stop \"ahoy\"\nMESSAGE user Who are you?\nMESSAGE assistant The captain.\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
		if err := says("success", "create", "clients-captain", "-f", file)(ctx); err != nil {
			return err
		}
		return errors.Join(
			says("captain", "show", "--system", "clients-captain")(ctx),
			says("ahoy", "show", "--parameters", "clients-captain")(ctx),
			says("", "run", "clients-captain", greeting)(ctx),
			says("copied", "cp", "clients-captain", "clients-captain2")(ctx),
			says("clients-captain2", "list")(ctx),
			says("deleted", "rm", "clients-captain", "clients-captain2")(ctx),
		)
	}},
	{"pull of a model that is there", says("success", "pull", ChatModel)},
	{"an unknown model", func(ctx context.Context) error {
		printed, err := command(ctx, "", "show", "no-such-model")
		return Expect(err != nil && strings.Contains(printed, "not found"), "%s", printed)
	}},
	{"embeddings by run", says("[", "run", EmbedModel, "a cat")},
}

// The command that go.mod names as a tool, built beside this program.
func command(ctx context.Context, input string, arguments ...string) (string, error) {
	child := exec.CommandContext(ctx, "ollama", arguments...)
	child.Env = append(os.Environ(), "OLLAMA_HOST="+URL, "NO_COLOR=1", "TERM=dumb")
	child.Stdin = strings.NewReader(input)
	var printed bytes.Buffer
	child.Stdout, child.Stderr = &printed, &printed
	err := child.Run()
	if err != nil {
		err = errors.Join(err, errors.New(printed.String()))
	}
	return printed.String(), err
}

func says(words string, arguments ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		printed, err := command(ctx, "", arguments...)
		return errors.Join(err, Expect(strings.Contains(printed, words), "ollama %s: %s", strings.Join(arguments, " "), printed))
	}
}
