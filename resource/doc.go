// Package resource determines the identity of this process: its bot, its name in
// the bot's fleet, its shards, and the OpenTelemetry resource that all of its
// series carry or refer to.
//
// The most important attribute is cluster, the name of this process. It is a
// resource attribute and never set by an instrument; both exporters add it to
// every series as a label. The same applies to bot, the name of the bot, and
// region, the region of the process. A process without a bot or a region has no
// such attribute and no such label.
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
//	argus.scrape.url      ARGUS_ADVERTISE_ADDR, with package argus alone;
//	                      WithAttributes, OTEL_RESOURCE_ATTRIBUTES, none
//	telemetry.sdk.*       the OpenTelemetry SDK that is linked in; it cannot be overridden
//	anything else         WithAttributes, OTEL_RESOURCE_ATTRIBUTES
//
// This is OpenTelemetry's order: code wins over the environment, and
// OTEL_SERVICE_NAME over OTEL_RESOURCE_ATTRIBUTES.
//
// # One process among many
//
// [Detect] determines the cluster id of a process, its index in the fleet and its
// shards, from the options, the environment and, on Kubernetes, the pod name:
//
//	what              source, the first that is set wins
//	----------------  ------------------------------------------------------------------
//	number            each source of cluster that is a decimal number; all of them
//	                  must be the same
//	index in the      number minus that of the first process (WithClusterIDStart,
//	fleet, from 0     CLUSTER_ID_START, 0)
//	number of shards  WithShardCount, SHARD_COUNT, 1
//	own shards        WithShardIDs, SHARD_IDS; or by the index, with
//	                  WithShardsPerCluster or SHARDS_PER_CLUSTER: index 0 has the
//	                  first shards, the last index may have fewer; or all shards,
//	                  for index 0 and for an unknown index
//
// Sources that contradict each other are an error, which names both. It is also an
// error if there is no shard for the process, or if its shards would be those of
// another process. The latter is detected only by numbers: two processes that have
// just names, and only WithShardCount or SHARD_COUNT, each have all shards. Give
// such processes WithShardIDs or SHARD_IDS.
//
// A number has no leading zeros: 3 is a number, 03 is a name.
//
// The pod name is used if KUBERNETES_SERVICE_HOST is set, as in every pod, and the
// name ends in a hyphen and one to four digits, as in a StatefulSet. The names of a
// Deployment's pods end in five characters. A pod on the network of its node has
// the name of the node, which is not used. To be independent of names, set
// CLUSTER_ID from the label apps.kubernetes.io/pod-index
// (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-index-label).
//
// # Valid cluster ids, bots and regions
//
// A cluster id, a bot or a region is 1 to 128 bytes of UTF-8, with printable
// characters only and no blank at either end: "0", "eu-west-1b", "bot 7", "größe".
// These are errors:
//
//   - A blank at an end. It is not trimmed: it usually comes from a mistake in a
//     file or a template, and trimming could give two processes the same name.
//   - Quotes around the value.
//   - A variable that was not expanded, such as $(X), ${X}, $X, {{X}} or %H: all
//     processes would have the same name. Kubernetes expands $(X) only if X is
//     defined above it in env.
//   - A value that has the form of a secret: a token of Discord's, a JSON Web
//     Token, HTTP credentials, a URL with a password. The error does not show it.
//
// # Empty variables
//
// OpenTelemetry treats an empty variable as unset, and so does this package for
// OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME. An empty variable about clusters,
// shards, bot or region is an error: it usually comes from a template that was not
// filled in, and every process of the fleet would become "default", run shard 0, or
// have no bot.
//
// # What is never read
//
// The package never reads the command line, its arguments or the owner of the
// process: they may contain a bot's token. An error about OTEL_RESOURCE_ATTRIBUTES
// names the key or the number of an entry but not its value, except for cluster,
// bot and region, which are public labels.
package resource
