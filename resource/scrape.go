package resource

import "go.opentelemetry.io/otel/attribute"

// ScrapeURLKey is the resource attribute for the URL of the process's metrics page, as
// Prometheus reaches it. Package argus sets it from ARGUS_ADVERTISE_ADDR. It is a label of
// target_info alone.
const ScrapeURLKey = attribute.Key("argus.scrape.url")
