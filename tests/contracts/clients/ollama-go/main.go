// Ollama's own Go package and its command, at the version that go.mod pins.
package main

import "runtime/debug"

func main() {
	version := "unknown"
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			if module.Path == "github.com/ollama/ollama" {
				version = module.Version
			}
		}
	}
	run(
		client{"ollama (Go package)", version, packageFeatures},
		client{"ollama (command)", version, commandFeatures},
	)
}
