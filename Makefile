# Nanite. `make demo` shows it, `make test` checks it; `make help` lists the rest.
# Everything runs inside the trixie root that tools/target makes, so that a build on Debian 12, on 13 and in CI is one build.
enter := tools/target/target enter
nx := $(enter) npx nx
image := tools/target/target enter -r image
.DEFAULT_GOAL := help
.PHONY: help demo up down test test-clients check unit debs repo iso boot test-image bench-image bench shell clean
.NOTPARALLEL:

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

node_modules/.package-lock.json: package-lock.json
	@echo '==> Installing the build tools (npm ci)'
	@$(enter) npm ci --no-fund --no-audit --loglevel=error

demo: ## build, publish, install into a clean Debian 13, ask a question
	@tools/demo/demo

up: ## boot the demonstration and leave it running, its API on this machine
	@tools/demo/demo --keep

down: ## end what `make up` started
	@tools/target/target stop nanite-demo
	@echo 'The demonstration is down.'

test: node_modules/.package-lock.json ## all tests: units, packages, contracts, journeys
	@$(enter) node --import tsx tests/run.ts

client_parts := nanite-gateway nanite-llama nanite-onnxruntime nanite-models nanite-model-catalog nanite-cli \
    nanite-model-smollm2-135m-instruct nanite-model-bge-small-en-v1.5 \
    nanite-model-qwen2.5-coder-0.5b-instruct nanite-model-qwen2.5-coder-1.5b-instruct
test-clients: node_modules/.package-lock.json ## the clients that `make test` leaves out; ORIGINAL=1 beside Ollama itself
	@tools/nx-debian/build-debs $(client_parts)
	@$(enter) node --import tsx tests/run.ts $(if $(ORIGINAL),original,clients)

check: node_modules/.package-lock.json ## format, lint and types
	@$(enter) node --import tsx tests/run.ts static

unit: node_modules/.package-lock.json ## unit tests only
	@$(enter) npx vitest run

debs: node_modules/.package-lock.json ## build every .deb into dist/debs/
	@$(nx) run-many -t deb
	@echo && echo "The packages are in dist/debs/:" && find dist/debs -name '*.deb' | sort
	@echo "Next: make repo"

repo: debs ## publish them into the signed repository dist/repo/
	@$(enter) node --import tsx tools/apt-repo/src/main.ts publish

FLAVOUR ?= desktop
MODELS ?= offline
PACKAGES ?=
# What the image is made of; what these depend on and recommend is built with them.
# Without models, their names are needed all the same, to leave them out.
image_parts := nanite-desktop nanite-server nanite-firmware nanite-archive-keyring nanite-release nanite-live \
    $(if $(filter small,$(MODELS)),nanite-small-models,nanite-offline-models)
iso: node_modules/.package-lock.json ## the bootable image: FLAVOUR=desktop|server MODELS=offline|small|none PACKAGES="more ones"
	@echo '==> Building the packages (the first time compiles llama.cpp: 6 to 14 minutes on two cores)'
# The image's root beside the compiler: an unpacking of packages leaves CPUs idle. Interrupted, it is made to its end, for the next time.
	@tools/target/target make image >/dev/null & root=$$!; tools/nx-debian/build-debs $(image_parts); built=$$?; \
	    wait $$root && exit $$built
	@$(enter) node --import tsx tools/apt-repo/src/main.ts publish
	@$(enter) -r image node --import tsx tools/image/src/main.ts --flavour '$(FLAVOUR)' --models '$(MODELS)' --packages '$(PACKAGES)'

boot: node_modules/.package-lock.json ## boot the newest image of dist/images/ in QEMU (BOOT="--uefi --memory 2G")
	@$(image) node --import tsx tools/vm/src/main.ts boot $(BOOT)

test-image: node_modules/.package-lock.json ## boot the image on BIOS and UEFI and judge what it says of itself
	@$(image) npx vitest run -c tests/boot/vitest.config.ts $(TESTS)

bench-image: node_modules/.package-lock.json ## power-on to desktop, and size, beside a plain Debian live image
	@$(image) node --import tsx tools/bench/src/image/main.ts $(BENCH)

bench: node_modules/.package-lock.json ## measure beside peers; results in dist/bench/
	@$(enter) node --import tsx tools/bench/src/main.ts

shell: node_modules/.package-lock.json ## a shell in the build root
	@$(enter) bash

clean: ## remove what was built here; caches in $$NANITE_CACHE stay
	rm -rf dist .nx node_modules packages/*/dist apps/*/dist tools/model-debs/models/*/dist
