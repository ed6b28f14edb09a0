// Package features says which features of a client work: a line of JSON each, after a line that says which will be tried.
package features

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"time"
)

// Client is a client at a version.
type Client struct {
	Name, Version string
	Features      []Feature
}

// Feature works unless Works gives an error.
type Feature struct {
	Name  string
	Works func(context.Context) error
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// What is asked, and which models.
var (
	URL        = setting("NANITE_URL", "http://127.0.0.1:11434")
	ChatModel  = setting("NANITE_CHAT_MODEL", "smollm2:135m")
	ToolModel  = setting("NANITE_TOOL_MODEL", "qwen2.5-coder:0.5b")
	EmbedModel = setting("NANITE_EMBED_MODEL", "bge-small-en-v1.5")
)

// How long one feature may take: far beyond what a slow machine needs, so that only a hang meets it.
func patience() time.Duration {
	seconds, err := strconv.Atoi(setting("NANITE_FEATURE_SECONDS", "180"))
	if err != nil {
		seconds = 180
	}
	return time.Duration(seconds) * time.Second
}

func say(line map[string]any) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

func attempt(works func(context.Context) error) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience())
	defer cancel()
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("panic: %v", thrown)
		}
	}()
	return works(ctx)
}

// Run tries the features of all clients; arguments of the program name some of them.
func Run(clients ...Client) {
	wanted := os.Args[1:]
	for _, one := range clients {
		plan := []string{}
		for _, each := range one.Features {
			if len(wanted) == 0 || slices.Contains(wanted, each.Name) {
				plan = append(plan, each.Name)
			}
		}
		say(map[string]any{"client": one.Name, "version": one.Version, "plan": plan})
	}
	for _, one := range clients {
		for _, each := range one.Features {
			if len(wanted) > 0 && !slices.Contains(wanted, each.Name) {
				continue
			}
			line := map[string]any{"client": one.Name, "version": one.Version, "feature": each.Name, "ok": true, "detail": ""}
			if err := attempt(each.Works); err != nil {
				text := err.Error()
				line["ok"], line["detail"] = false, text[:min(len(text), 800)]
			}
			say(line)
		}
	}
}

// Expect gives an error of these words unless it holds.
func Expect(holds bool, format string, values ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, values...)
}

// ModuleVersion is the version of a module that this program was built with.
func ModuleVersion(path string) string {
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			if module.Path == path {
				return module.Version
			}
		}
	}
	return "unknown"
}
