# Everything here needs Go alone (and, for the race detector, a C compiler), but for the
# targets web-… and test-analytics, which need npm; the dashboards are made anew where npm
# is installed, and left as they are elsewhere.
# Other tools are installed into .cache/bin, at the versions pinned below.

GO  ?= go
BIN := .cache/bin

GOLANGCI_LINT_VERSION := v2.15.0
GOFUMPT_VERSION       := v0.12.0
GOVULNCHECK_VERSION   := v1.9.0
ACTIONLINT_VERSION    := v1.7.12
APIDIFF_VERSION       := v0.0.0-20261113113407-e3970619a1a4
# GoReleaser v2.16 needs Go 1.26.3, and v2.18 needs Go 1.27.
GORELEASER_VERSION      := v2.16.0
GO_LICENSES_VERSION     := v1.6.0
CYCLONEDX_GOMOD_VERSION := v1.10.0

GOVERSION     := $(firstword $(shell $(GO) env GOVERSION))
golangci-lint := $(BIN)/golangci-lint@$(GOLANGCI_LINT_VERSION)-$(GOVERSION)/golangci-lint
gofumpt       := $(BIN)/gofumpt@$(GOFUMPT_VERSION)-$(GOVERSION)/gofumpt
govulncheck   := $(BIN)/govulncheck@$(GOVULNCHECK_VERSION)-$(GOVERSION)/govulncheck
actionlint    := $(BIN)/actionlint@$(ACTIONLINT_VERSION)-$(GOVERSION)/actionlint
apidiff       := $(BIN)/apidiff@$(APIDIFF_VERSION)-$(GOVERSION)/apidiff

goreleaser      := $(BIN)/goreleaser@$(GORELEASER_VERSION)-$(GOVERSION)/goreleaser
go-licenses     := $(BIN)/go-licenses@$(GO_LICENSES_VERSION)-$(GOVERSION)/go-licenses
cyclonedx-gomod := $(BIN)/cyclonedx-gomod@$(CYCLONEDX_GOMOD_VERSION)-$(GOVERSION)/cyclonedx-gomod

# The versions of discordgo that the tests run against besides the one in go.mod.
DISCORDGO_VERSIONS := v0.28.1 v0.29.1-0.20260214123928-f43dd94faaac

# The systems that a release has binaries for, as .goreleaser.yaml lists them.
PLATFORMS := linux-amd64 linux-arm64 darwin-amd64 darwin-arm64 windows-amd64 windows-arm64

# The race detector is on wherever it can be: it needs cgo.
RACE ?= $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)
# Most tests wait for most of their time, so more of them run side by side than
# there are processors.
TESTFLAGS ?= $(RACE) -p 6 -parallel 4 -count=1 -timeout 30m

ARGS     ?=
BENCH    ?= .
FUZZTIME ?= 10s
E2E_LONG ?=
SKIP     ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Run a bot against a fake Discord and serve its metrics (flags in ARGS="…")
	@$(GO) build -o bin/argus ./cmd/argus
	@bin/argus demo $(ARGS)

.PHONY: fleet
fleet: ## Run argus-fleet (flags in ARGS="…")
	@mkdir -p bin
	@cd fleet && $(GO) build -o ../bin/argus-fleet ./cmd/argus-fleet
	@bin/argus-fleet $(ARGS)

.PHONY: demo-fleet
demo-fleet: ## Run argus-fleet with five processes of the demo's bot (flags in ARGS="…")
	@mkdir -p bin
	@$(GO) build -o bin/argus ./cmd/argus
	@cd fleet && $(GO) build -o ../bin/argus-fleet ./cmd/argus-fleet && $(GO) build -o ../bin/demo-fleet ./internal/demo
	@bin/demo-fleet $(ARGS)

.PHONY: test
test: test-default ## Run all tests, with the discordgo of go.mod
	@$(MAKE) --no-print-directory -j3 --output-sync=target test-norace test-agreement test-fleet test-incidents

.PHONY: test-default
test-default:
ifeq ($(RACE),)
	@echo "No C compiler, so no cgo: the tests run without the race detector."
endif
	$(GO) test $(TESTFLAGS) ./...
	cd examples/ken && $(GO) test $(TESTFLAGS) ./...
	cd examples/slog && $(GO) test $(TESTFLAGS) ./...
	cd examples/clickhouse && $(GO) test $(TESTFLAGS) ./...

# These are skipped under the race detector, or have less to do: it allocates too,
# is slow, and discordgo has data races of its own where a voice connection
# connects a second time.
.PHONY: test-norace
test-norace:
	$(GO) test -count=1 -run 'Alloc|VoiceAgain|LargeWorld' ./instrument/... ./discordtest

# A Go module of its own, because it runs Prometheus' query engine. Its histories
# share nothing, so it does without the race detector.
.PHONY: test-agreement
test-agreement: ## Compare alerts and findings in recorded histories
	cd internal/agreement && $(GO) test -count=1 ./...

# A Go module of its own, because it contains Prometheus' engine and Alertmanager.
.PHONY: test-fleet
test-fleet: ## Test argus-fleet
	cd fleet && $(GO) test $(TESTFLAGS) ./...

# A Go module of its own, because it contains a client of ClickHouse. Its tests run
# ClickHouse's engine as a library, which scripts/chdb.sh installs: 178 MB from npm. Those
# of the writer kill and starve Debian's server as well, where it can be installed.
.PHONY: test-analytics
test-analytics: ## Test the tables and queries of analytics with ClickHouse's engine
	./scripts/chdb.sh
	if ./scripts/clickhouse-server.sh; then export REQUIRE_CLICKHOUSE=1; fi; \
	cd analytics && REQUIRE_CHDB=1 $(GO) test $(RACE) -count=1 -timeout 30m ./...
	cd fleet && REQUIRE_CHDB=1 $(GO) test $(RACE) -count=1 -timeout 30m ./internal/clickhousestore
	cd fleet && REQUIRE_CHDB=1 $(GO) test $(RACE) -count=1 -run '^(TestClickHouse|TestImportEvents)$$' ./internal/doctor ./cmd/argus-fleet

.PHONY: test-analytics-large
test-analytics-large: ## Write 10 million events through kills of the engine of ClickHouse, and time the queries beside those of SQLite
	./scripts/chdb.sh
	cd analytics && ANALYTICS_LARGE=1 REQUIRE_CHDB=1 $(GO) test -count=1 -timeout 60m -v -run '^TestLarge' .
	cd fleet && EVENTS_LARGE=10000000 REQUIRE_CHDB=1 $(GO) test -count=1 -timeout 60m -v -run '^TestLarge' ./internal/clickhousestore

# An hour for each incident, in recorded time: minutes with the race detector.
.PHONY: test-incidents
test-incidents: ## Replay recorded incidents and a calm day into argus-fleet
	cd fleet && $(GO) test -count=1 -timeout 30m -run '^(TestIncidents|TestCalmDay)$$' ./internal/fleet

# Takes three quarters of an hour. The recordings are committed: test-agreement and
# test-incidents replay them.
.PHONY: record-plays
record-plays: ## Record the plays of the demo, and the incidents of the end-to-end tests
	$(GO) build -o bin/argus ./cmd/argus
	cd otelcol && $(GO) build -o ../bin/incidents ./internal/incidents/play
	cd internal/agreement && $(GO) run ./record --argus ../../bin/argus testdata/plays
	cd internal/agreement && $(GO) run ./record --incidents ../../bin/incidents --for 18m testdata/incidents

# Skips what takes more than a moment, and does without the race detector.
.PHONY: test-short
test-short: ## Run the quick tests (about a minute)
	$(GO) test -short -parallel 8 -count=1 -timeout 5m ./...

# The build tag leaves the push, and gRPC with it, out of the program. Tests that
# push are skipped; one asserts that neither is linked in.
.PHONY: test-no-otlp
test-no-otlp: ## Run the facade's tests with the build tag argus_no_otlp
	$(GO) build -tags argus_no_otlp ./...
	$(GO) build -tags argus_no_otlp,argus_no_web_config ./...
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

.PHONY: e2e
e2e: e2e-most e2e-fleet ## Run the end-to-end tests (E2E_LONG=1: with the full durations)

# Tests that run beside others wait more than they compute.
.PHONY: e2e-most
e2e-most: e2e-tools
	cd otelcol && $(GO) test $(RACE) -count=1 ./internal/...
	cd otelcol && E2E=1 E2E_LONG='$(e2e-long)' $(GO) test $(RACE) -skip '^TestFleet$$' -count=1 -parallel 4 -timeout 40m -v ./e2e

# TestFleet has one fake Discord serve 1,600 sessions: with the race detector that
# takes the time of the hundred processes that are tested. They are built without it.
.PHONY: e2e-fleet
e2e-fleet: e2e-tools
	cd otelcol && E2E=1 E2E_LONG='$(e2e-long)' $(GO) test -run '^TestFleet$$' -count=1 -timeout 40m -v ./e2e

# The second command links only the command line, and leaves the binary to look at.
.PHONY: cross
cross: $(PLATFORMS:%=cross@%) ## Compile every package for the systems that a release has binaries for

cross@%: export CGO_ENABLED = 0
cross@%: export GOOS = $(firstword $(subst -, ,$*))
cross@%: export GOARCH = $(lastword $(subst -, ,$*))
cross@%:
	$(GO) build -trimpath ./...
	$(GO) build -trimpath -o bin/cross/$*/ ./cmd/argus

# The cheap checks come first. Each is a target of its own; `make -k lint`
# goes on after a failure.
.PHONY: lint
lint: vet fmt-check actionlint golangci-lint tidy-check generate-check api-check vulncheck ## Run every static check

.PHONY: vet
vet: ## Run go vet
	$(GO) vet ./...
	cd otelcol && $(GO) vet ./...
	cd examples/ken && $(GO) vet ./...
	cd examples/slog && $(GO) vet ./...
	cd examples/clickhouse && $(GO) vet ./...
	cd internal/agreement && $(GO) vet ./...
	cd fleet && $(GO) vet ./...
	cd analytics && $(GO) vet ./...

.PHONY: fmt
fmt: $(gofumpt) ## Format the Go files
	$(gofumpt) -w .

.PHONY: fmt-check
fmt-check: $(gofumpt) ## Check the format of the Go files
	@files=$$($(gofumpt) -l .) || exit 1; \
	if [ -n "$$files" ]; then printf 'not formatted, run "make fmt":\n%s\n' "$$files"; exit 1; fi

# Without shellcheck and pyflakes: it would use them only where they are installed.
.PHONY: actionlint
actionlint: $(actionlint) ## Check the workflows of GitHub Actions
	$(actionlint) -shellcheck= -pyflakes= .github/workflows/*.yml

.PHONY: golangci-lint
golangci-lint: $(golangci-lint) ## Run golangci-lint
	$(golangci-lint) run ./...
	cd otelcol && ../$(golangci-lint) run --config ../.golangci.yml ./...
	cd internal/agreement && ../../$(golangci-lint) run --config ../../.golangci.yml ./...
	cd fleet && ../$(golangci-lint) run --config ../.golangci.yml ./...
	cd analytics && ../$(golangci-lint) run --config ../.golangci.yml ./...
	cd examples/ken && ../../$(golangci-lint) run --config ../../.golangci.yml ./...
	cd examples/slog && ../../$(golangci-lint) run --config ../../.golangci.yml ./...
	cd examples/clickhouse && ../../$(golangci-lint) run --config ../../.golangci.yml ./...

.PHONY: tidy-check
tidy-check: ## Check that go.mod and go.sum are tidy and the modules unaltered
	$(GO) mod tidy -diff
	$(GO) mod verify
	cd otelcol && $(GO) mod tidy -diff && $(GO) mod verify
	cd otelcol/internal/controlplane && $(GO) mod tidy -diff
	cd examples/ken && $(GO) mod tidy -diff
	cd examples/slog && $(GO) mod tidy -diff
	cd examples/clickhouse && $(GO) mod tidy -diff
	cd internal/agreement && $(GO) mod tidy -diff && $(GO) mod verify
	cd fleet && $(GO) mod tidy -diff && $(GO) mod verify
	cd analytics && $(GO) mod tidy -diff && $(GO) mod verify

.PHONY: generate
generate: ## Write the generated files
	$(GO) generate ./...
	cd fleet && $(GO) generate ./...

.PHONY: generate-check
generate-check: ## Check that the generated files are up to date
	GO='$(GO)' ./scripts/generate-check.sh

.PHONY: api-check
api-check: $(apidiff) ## Check that the version suits the changes of the API and the metrics since the last release
	GO='$(GO)' APIDIFF='$(CURDIR)/$(apidiff)' ./scripts/api-check.sh

# The built page is committed, so Go needs no Node.js. These targets do, and install
# what they need: the packages of web/package-lock.json, and Debian's Chromium.
.PHONY: web-build
web-build: ## Build the live page and the pages of the fleet into internal/page/dist and fleet/internal/page/dist
	./scripts/web-tools.sh
	cd web && npm run --silent build

.PHONY: web-check
web-check: ## Check the live page and the pages of the fleet: types, lint, unit tests, and that the built files are up to date
	./scripts/web-tools.sh
	cd web && npm run --silent check
	./scripts/web-fresh.sh

.PHONY: web-e2e
web-e2e: ## Test the live page in Chromium against the demo, and the pages of the fleet
	@mkdir -p bin
	$(GO) build -o bin/ ./cmd/argus ./web/e2e/hour
	cd fleet && $(GO) build -o ../bin/argus-fleet ./cmd/argus-fleet
	cd web && CHROMIUM="$$(../scripts/web-tools.sh browser)" ARGUS_BINARY='$(CURDIR)/bin/argus' HOUR_BINARY='$(CURDIR)/bin/hour' \
	  FLEET_BINARY='$(CURDIR)/bin/argus-fleet' npm run --silent e2e

# The demo runs for a quarter of an hour before, so that the charts are full.
.PHONY: screenshots
screenshots: ## Take the pictures of the live page in docs/pictures
	@mkdir -p bin
	$(GO) build -o bin/argus ./cmd/argus
	cd web && CHROMIUM="$$(../scripts/web-tools.sh browser)" ARGUS_BINARY='$(CURDIR)/bin/argus' node scripts/screenshots.mjs

.PHONY: vulncheck
vulncheck: $(govulncheck) ## Look for known vulnerabilities
	GOVULNCHECK='$(govulncheck)' ./scripts/vulncheck.sh

.PHONY: bench
bench: ## Run the benchmarks (those that match BENCH)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

# bin/load-fleet history measures the start with some hours of data.
.PHONY: bench-fleet
bench-fleet: e2e-tools ## Measure argus-fleet beside Prometheus, for 10 min (flags in ARGS="…")
	@$(GO) build -o bin/argus ./cmd/argus
	@cd fleet && $(GO) build -o ../bin/load-fleet ./internal/load
	@bin/load-fleet --prometheus "$$(ls -t .cache/e2e/prometheus@*/prometheus | head -n 1)" $(ARGS)

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME
	GO='$(GO)' ./scripts/fuzz.sh $(FUZZTIME)

# GoReleaser finds the tool that writes the SBOMs in PATH.
release-tools := $(goreleaser) $(cyclonedx-gomod)
run-goreleaser = PATH='$(CURDIR)/$(dir $(cyclonedx-gomod)):'"$$PATH" $(goreleaser)

.PHONY: licenses
licenses: $(go-licenses) ## Write the licences of what the binaries contain into bin/licenses…
	GO='$(GO)' GO_LICENSES='$(CURDIR)/$(go-licenses)' ./scripts/licenses.sh bin/licenses
	GO='$(GO)' GO_LICENSES='$(CURDIR)/$(go-licenses)' ./scripts/licenses.sh bin/licenses-fleet fleet ./cmd/argus-fleet linux darwin
	GO='$(GO)' GO_LICENSES='$(CURDIR)/$(go-licenses)' ./scripts/licenses.sh bin/licenses-analytics analytics ./cmd/argus-analytics linux darwin

.PHONY: release-check
release-check: $(goreleaser) ## Check the configuration of GoReleaser
	$(goreleaser) check

.PHONY: release-snapshot
release-snapshot: $(release-tools) licenses ## Build a release into dist/ and publish nothing (SKIP=docker: without images)
	$(run-goreleaser) release --snapshot --clean $(if $(SKIP),--skip='$(SKIP)')

.PHONY: release
release: $(release-tools) licenses ## Publish the tag of this commit; for the release workflow
	./scripts/release-notes.sh "$$(git describe --exact-match --tags --match 'v[0-9]*')" >bin/release-notes.txt
	$(run-goreleaser) release --clean --release-notes=bin/release-notes.txt

.PHONY: clean
clean: ## Remove what the Makefile installed and wrote
	rm -rf .cache bin dist

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
$(eval $(call tool,actionlint,github.com/rhysd/actionlint/cmd/actionlint,$(ACTIONLINT_VERSION)))
$(eval $(call tool,apidiff,golang.org/x/exp/cmd/apidiff,$(APIDIFF_VERSION)))
$(eval $(call tool,goreleaser,github.com/goreleaser/goreleaser/v2,$(GORELEASER_VERSION)))
$(eval $(call tool,go-licenses,github.com/google/go-licenses,$(GO_LICENSES_VERSION)))
$(eval $(call tool,cyclonedx-gomod,github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod,$(CYCLONEDX_GOMOD_VERSION)))
