// Ollama's own Go package and its command, at the version that go.mod pins.
package main

import . "nanite.invalid/clients/features"

func main() {
	version := ModuleVersion("github.com/ollama/ollama")
	Run(
		Client{"ollama (Go package)", version, packageFeatures},
		Client{"ollama (command)", version, commandFeatures},
	)
}
