// Package resource says who this process is: it builds the OpenTelemetry
// resource that every series of the process carries or refers to.
//
// The attribute that matters most is cluster, the name of this process within
// the bot's fleet. It is a resource attribute and never set by an instrument;
// both exporters put it on every series.
//
//	attribute             source, the first that is set wins
//	--------------------  --------------------------------------------------------------
//	cluster               WithClusterID, ARGUS_CLUSTER_ID, CLUSTER_ID,
//	                      cluster in OTEL_RESOURCE_ATTRIBUTES, "default"
//	service.name          WithServiceName, OTEL_SERVICE_NAME,
//	                      service.name in OTEL_RESOURCE_ATTRIBUTES, "discord-bot"
//	service.instance.id   WithAttributes, OTEL_RESOURCE_ATTRIBUTES, a random UUID
//	host.name             WithAttributes, OTEL_RESOURCE_ATTRIBUTES, the kernel's host name
//	os.type               WithAttributes, OTEL_RESOURCE_ATTRIBUTES, the platform of the build
//	telemetry.sdk.*       the OpenTelemetry SDK that is linked in; it cannot be overridden
//	anything else         WithAttributes, OTEL_RESOURCE_ATTRIBUTES
//
// The order is OpenTelemetry's own: what is given in code comes before the
// environment, and OTEL_SERVICE_NAME comes before OTEL_RESOURCE_ATTRIBUTES.
//
// # A valid cluster id
//
// 1 to 128 bytes of UTF-8, printable characters only, with no blank at either
// end: "0", "eu-west-1b", "bot 7" and "größe" are ids. A blank at an end is
// refused and not trimmed, for it mostly comes from a file or a template that
// went wrong, and two processes would share a name that looks like two.
//
// # Empty variables
//
// OpenTelemetry reads an empty variable as one that is not set, and so does
// this package for OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME.
// ARGUS_CLUSTER_ID and CLUSTER_ID are different: set but empty is an error, as
// it is how a template that was not filled in shows, and every process of the
// fleet would become "default".
//
// # What is never read
//
// The command line, its arguments and the owner of the process: a bot's token
// may stand there. An error about OTEL_RESOURCE_ATTRIBUTES names a key or the
// number of an entry, and never a value.
package resource
