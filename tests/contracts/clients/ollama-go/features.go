package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"
)

// A client says which of its features work in a line of JSON each, after a line that says which will be tried.
type client struct {
	name, version string
	features      []feature
}

type feature struct {
	name string
	// It works unless this gives an error.
	works func(context.Context) error
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

var (
	url        = setting("NANITE_URL", "http://127.0.0.1:11434")
	chatModel  = setting("NANITE_CHAT_MODEL", "smollm2:135m")
	toolModel  = setting("NANITE_TOOL_MODEL", "qwen2.5-coder:0.5b")
	embedModel = setting("NANITE_EMBED_MODEL", "bge-small-en-v1.5")
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

// Try the features of all clients; arguments name some of them.
func run(clients ...client) {
	wanted := os.Args[1:]
	for _, one := range clients {
		plan := []string{}
		for _, each := range one.features {
			if len(wanted) == 0 || slices.Contains(wanted, each.name) {
				plan = append(plan, each.name)
			}
		}
		say(map[string]any{"client": one.name, "version": one.version, "plan": plan})
	}
	for _, one := range clients {
		for _, each := range one.features {
			if len(wanted) > 0 && !slices.Contains(wanted, each.name) {
				continue
			}
			line := map[string]any{"client": one.name, "version": one.version, "feature": each.name, "ok": true, "detail": ""}
			if err := attempt(each.works); err != nil {
				text := err.Error()
				line["ok"], line["detail"] = false, text[:min(len(text), 800)]
			}
			say(line)
		}
	}
}

func expect(holds bool, format string, values ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, values...)
}
