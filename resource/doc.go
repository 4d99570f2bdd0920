// Package resource says who this process is: its bot, its name within the bot's
// fleet, its shards, and the OpenTelemetry resource that every series of the process carries
// or refers to.
//
// The attribute that matters most is cluster, the name of this process. It is a
// resource attribute and never set by an instrument; both exporters put it on
// every series. So they do with bot, the name of the bot, and region, the place
// where the process runs. A process that is given none has no such attribute and no
// such label.
//
//	attribute             source, the first that is set wins
//	--------------------  --------------------------------------------------------------
//	cluster               WithClusterID, ARGUS_CLUSTER_ID, CLUSTER_ID,
//	                      cluster in OTEL_RESOURCE_ATTRIBUTES, the number of a
//	                      StatefulSet's pod, "default"
//	bot                   WithBot, ARGUS_BOT, bot in OTEL_RESOURCE_ATTRIBUTES, none
//	region                WithRegion, ARGUS_REGION, region in
//	                      OTEL_RESOURCE_ATTRIBUTES, none
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
// # One process among many
//
// [Detect] tells a process its cluster id, its place in the fleet and its shards,
// from the options, the environment and, on Kubernetes, the name of the pod:
//
//	what              source, the first that is set wins
//	----------------  ------------------------------------------------------------------
//	number            what of the sources of cluster is a decimal number; all that are
//	                  must be the same
//	place among       the number less that of the first process (WithClusterIDStart,
//	all, from 0       CLUSTER_ID_START, 0)
//	number of shards  WithShardCount, SHARD_COUNT, 1
//	own shards        WithShardIDs, SHARD_IDS; or from the place in the fleet with
//	                  WithShardsPerCluster or SHARDS_PER_CLUSTER: place 0 has the first
//	                  ones, the last place may have fewer; or all, in place 0 and
//	                  where the place is not known
//
// Sources that disagree are an error that names both, and so is a process for
// which there is no shard, or which would have those of another one. That takes
// numbers: of two processes that have names alone and WithShardCount or SHARD_COUNT
// alone, each has all shards. Give such processes WithShardIDs or SHARD_IDS.
//
// A number is written without leading zeros: 3 and not 03, which is a name.
//
// The name of a pod counts where KUBERNETES_SERVICE_HOST is set, as it is in every
// pod, and the name ends in a hyphen and one to four digits, as those of a
// StatefulSet do. Those of a Deployment end in five characters. A pod on the
// network of its node has the name of the node, which says nothing. To be
// independent of names, set CLUSTER_ID from the label apps.kubernetes.io/pod-index
// (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-index-label).
//
// # A valid cluster id, bot or region
//
// 1 to 128 bytes of UTF-8, printable characters only, with no blank at either
// end: "0", "eu-west-1b", "bot 7" and "größe" are ids. A blank at an end is
// refused and not trimmed, for it mostly comes from a file or a template that
// went wrong, and two processes would share a name that looks like two. So are
// $(, ${ and {{, which are left of a variable that was not expanded: all processes
// would have the same name. Kubernetes expands $(X) only where X stands above it
// in env.
//
// What has the form of a secret is refused, and not shown: a token of Discord's, a
// JSON Web Token, credentials of HTTP, a URL with a password.
//
// # Empty variables
//
// OpenTelemetry reads an empty variable as one that is not set, and so does
// this package for OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME. The variables
// about clusters, shards, bot and region are different: set but empty is an error, as
// it is how a template that was not filled in shows, and every process of the fleet
// would become "default", or run shard 0, or be no bot's.
//
// # What is never read
//
// The command line, its arguments and the owner of the process: a bot's token
// may stand there. An error about OTEL_RESOURCE_ATTRIBUTES names a key or the
// number of an entry, and never a value; but for cluster, bot and region,
// which are labels for everybody to see.
package resource
