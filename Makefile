# Everything here needs Go alone (and, for the race detector, a C compiler); the
# dashboards are made anew where npm is installed, and left as they are elsewhere.
# Other tools are installed into .cache/bin, at the versions pinned below.

GO  ?= go
BIN := .cache/bin

GOLANGCI_LINT_VERSION := v2.15.0
GOFUMPT_VERSION       := v0.12.0
GOVULNCHECK_VERSION   := v1.9.0

GOVERSION     := $(firstword $(shell $(GO) env GOVERSION))
golangci-lint := $(BIN)/golangci-lint@$(GOLANGCI_LINT_VERSION)-$(GOVERSION)/golangci-lint
gofumpt       := $(BIN)/gofumpt@$(GOFUMPT_VERSION)-$(GOVERSION)/gofumpt
govulncheck   := $(BIN)/govulncheck@$(GOVULNCHECK_VERSION)-$(GOVERSION)/govulncheck

# The versions of discordgo that the tests run against besides the one in go.mod.
DISCORDGO_VERSIONS := v0.28.1 v0.29.1-0.20260214123928-f43dd94faaac

# The race detector is on wherever it can be: it needs cgo.
RACE ?= $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)
# One package at a time: the tests wait for what happens in time, and packages
# side by side would take the processor from each other.
TESTFLAGS ?= $(RACE) -p 1 -count=1 -timeout 30m

ARGS     ?=
BENCH    ?= .
FUZZTIME ?= 10s
E2E_LONG ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Run a bot against a fake Discord and serve its metrics (flags in ARGS="…")
	@$(GO) build -o bin/argus ./cmd/argus
	@bin/argus demo $(ARGS)

.PHONY: test
test: test-default test-norace test-no-otlp test-discordgo ## Run all tests, then those that touch discordgo against its other versions

.PHONY: test-default
test-default: ## Run all tests with the discordgo of go.mod
ifeq ($(RACE),)
	@echo "No C compiler, so no cgo: the tests run without the race detector."
endif
	$(GO) test $(TESTFLAGS) ./...

# These are skipped under the race detector, or have less to do: it allocates too,
# is slow, and discordgo has data races of its own where a voice connection
# connects a second time.
.PHONY: test-norace
test-norace: ## Run the tests that cannot have the race detector, or not at full size
	$(GO) test -count=1 -run 'Alloc|VoiceAgain|LargeWorld' ./instrument/... ./discordtest

# The build tag leaves the push, and gRPC with it, out of the program. Tests that
# push are skipped; one asserts that neither is linked in.
.PHONY: test-no-otlp
test-no-otlp: ## Run the facade's tests with the build tag argus_no_otlp
	$(GO) build -tags argus_no_otlp ./...
	$(GO) test -count=1 -tags argus_no_otlp .

.PHONY: test-discordgo
test-discordgo: $(DISCORDGO_VERSIONS:%=test-discordgo@%) ## Run the tests that touch discordgo against its other versions

test-discordgo@%:
	GO='$(GO)' ./scripts/test-discordgo.sh $* $(TESTFLAGS)

# otelcol is a Go module of its own. The programs that its tests run are built
# once, in twenty to forty minutes, into .cache/e2e.
e2e-long := $(filter-out 0 false no,$(E2E_LONG))

.PHONY: e2e-tools
e2e-tools: ## Build the Collector, Prometheus and Kubernetes for the end-to-end tests
	cd otelcol && $(GO) run ./internal/buildtools

# TestFleet has one fake Discord serve 1,600 sessions: with the race detector that
# takes the time of the hundred processes that are tested. They are built without it.
.PHONY: e2e
e2e: e2e-tools ## Run the end-to-end tests (E2E_LONG=1: with the full durations)
	cd otelcol && $(GO) test $(RACE) -count=1 ./internal/...
	cd otelcol && E2E=1 E2E_LONG='$(e2e-long)' $(GO) test $(RACE) -skip '^TestFleet$$' -count=1 -timeout 40m -v ./e2e
	cd otelcol && E2E=1 E2E_LONG='$(e2e-long)' $(GO) test -run '^TestFleet$$' -count=1 -timeout 40m -v ./e2e

# The cheap checks come first. Each is a target of its own; `make -k lint`
# goes on after a failure.
.PHONY: lint
lint: vet fmt-check golangci-lint tidy-check generate-check vulncheck ## Run every static check

.PHONY: vet
vet: ## Run go vet
	$(GO) vet ./...
	cd otelcol && $(GO) vet ./...

.PHONY: fmt
fmt: $(gofumpt) ## Format the Go files
	$(gofumpt) -w .

.PHONY: fmt-check
fmt-check: $(gofumpt) ## Check the format of the Go files
	@files=$$($(gofumpt) -l .) || exit 1; \
	if [ -n "$$files" ]; then printf 'not formatted, run "make fmt":\n%s\n' "$$files"; exit 1; fi

.PHONY: golangci-lint
golangci-lint: $(golangci-lint) ## Run golangci-lint
	$(golangci-lint) run ./...
	cd otelcol && ../$(golangci-lint) run --config ../.golangci.yml ./...

.PHONY: tidy-check
tidy-check: ## Check that go.mod and go.sum are tidy and the modules unaltered
	$(GO) mod tidy -diff
	$(GO) mod verify
	cd otelcol && $(GO) mod tidy -diff && $(GO) mod verify
	cd otelcol/internal/controlplane && $(GO) mod tidy -diff

.PHONY: generate
generate: ## Write the generated files
	$(GO) generate ./...

.PHONY: generate-check
generate-check: ## Check that the generated files are up to date
	GO='$(GO)' ./scripts/generate-check.sh

.PHONY: vulncheck
vulncheck: $(govulncheck) ## Look for known vulnerabilities
	GOVULNCHECK='$(govulncheck)' ./scripts/vulncheck.sh

.PHONY: bench
bench: ## Run the benchmarks (those that match BENCH)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME
	GO='$(GO)' ./scripts/fuzz.sh $(FUZZTIME)

.PHONY: clean
clean: ## Remove what the Makefile installed and wrote
	rm -rf .cache bin

# A tool lives in a folder that is named after its version and Go's, so a new
# version of either installs it anew and is the only one kept.

# $(1) its name, $(2) its package, $(3) its version
define tool
$($(1)):
	@rm -rf $(BIN)/$(1)@*
	GOFLAGS= GOBIN='$(CURDIR)/$$(@D)' $(GO) install $(2)@$(3)
endef

$(eval $(call tool,golangci-lint,github.com/golangci/golangci-lint/v2/cmd/golangci-lint,$(GOLANGCI_LINT_VERSION)))
$(eval $(call tool,gofumpt,mvdan.cc/gofumpt,$(GOFUMPT_VERSION)))
$(eval $(call tool,govulncheck,golang.org/x/vuln/cmd/govulncheck,$(GOVULNCHECK_VERSION)))
