#!/usr/bin/env bash
# Builds small bots and prints their sizes as the table of docs/BENCHMARKS.md. Each does
# no more than a bot needs to connect; what differs is how it is observed.
#
#   scripts/sizes.sh
set -euo pipefail
cd "$(dirname "$0")/.."

go=${GO:-go}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export CGO_ENABLED=0

# bot NAME IMPORTS STATEMENTS writes a bot. The statements have session and err.
bot() {
  mkdir "$dir/$1"
  cat >"$dir/$1/main.go" <<END
package main

import (
	"context"
	"log"
	"os"

	"github.com/bwmarrin/discordgo"
$2
)

func main() {
	session, err := discordgo.New("Bot " + os.Getenv("DISCORD_TOKEN"))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
$3
	if err := session.Open(); err != nil {
		log.Fatal(err)
	}
	<-ctx.Done()
}
END
}

bot discordgo '' ''
bot instrument '
	"net/http"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/argus-dgo/argus/exporters/prometheus"
	"github.com/argus-dgo/argus/instrument"' '
	exporter, err := prometheus.New()
	if err != nil {
		log.Fatal(err)
	}
	inst, err := instrument.New(instrument.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter.Reader()))))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := inst.Attach(session); err != nil {
		log.Fatal(err)
	}
	http.Handle("/metrics", exporter.Handler())
	go func() { log.Fatal(http.ListenAndServe(":9191", nil)) }()'
bot http '
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/argus-dgo/argus/instrument"' '
	exporter, err := otlpmetrichttp.New(ctx)
	if err != nil {
		log.Fatal(err)
	}
	inst, err := instrument.New(instrument.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)))))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := inst.Attach(session); err != nil {
		log.Fatal(err)
	}'
bot facade '
	"github.com/argus-dgo/argus"' '
	a, err := argus.Start(session)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Shutdown(ctx)'

# measure builds with the flags of go build that are given, and prints megabytes.
measure() {
  "$go" build -o "$dir/program" "$@"
  awk -v bytes="$(wc -c <"$dir/program")" 'BEGIN { printf "%.1f MB", bytes / 1e6 }'
}

# row NAME BOT [flags of go build]
row() {
  local name=$1 main=$dir/$2/main.go packages grpc
  shift 2
  packages=$("$go" list -deps "$@" "$main")
  grpc=$(grep -c '^google\.golang\.org/grpc' <<<"$packages" || true)
  printf '| %s | %s | %s | %s | %s |\n' "$name" "$(measure "$@" "$main")" "$(measure "$@" -trimpath -ldflags='-s -w' "$main")" \
    "$(wc -l <<<"$packages")" "$grpc"
}

printf '%s, %s, CGO_ENABLED=0, %s\n\n' "$("$go" env GOVERSION)" "$("$go" env GOOS)/$("$go" env GOARCH)" "$(date -u +%Y-%m-%d)"
echo "| bot | \`go build\` | \`-trimpath -ldflags='-s -w'\` | packages | of them gRPC's |"
echo '| --- | --- | --- | --- | --- |'
row 'discordgo alone' discordgo
row '`instrument`, the SDK and `exporters/prometheus`' instrument
row '`argus.Start`, built with `-tags argus_no_otlp`' facade -tags argus_no_otlp
row '`argus.Start`' facade
row "\`instrument\`, the SDK and OpenTelemetry's \`otlpmetrichttp\` alone" http
