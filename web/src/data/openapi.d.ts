// Generated from docs/openapi.json by scripts/api-types.mjs. DO NOT EDIT.

export interface paths {
    "/api/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The verdict on one bot of the process, with its findings, worst first
         * @description Everyone who asks within a second, or within ten times as long as the examination took, gets the same one.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The bot, required if the process has several */
                    bot?: components["parameters"]["bot"];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Status"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The bot, discordgo's caches, and Argus itself
         * @description One number for the process each. Windows end now; they do not begin before history_since.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The bot, required if the process has several */
                    bot?: components["parameters"]["bot"];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Overview"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shard-of": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The shard of a guild
         * @description The shard is (guild >> 22) % shards. In a process with more than 64 shards, a shard that has just come is seen within a minute.
         */
        get: {
            parameters: {
                query: {
                    /** @description The bot, required if the process has several */
                    bot?: components["parameters"]["bot"];
                    /** @description The id of a guild. It is neither kept nor logged */
                    guild: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ShardOf"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shards": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The process's shards, in the order of their numbers
         * @description Of more than 64 shards, the worst 64 have all numbers, and those of the last hour count while a shard is among them. The others have up, state, latency_seconds and events_per_second.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The bot, required if the process has several */
                    bot?: components["parameters"]["bot"];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Shards"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/budgets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is left of Discord's limits, and of the error budget */
        get: {
            parameters: {
                query?: {
                    /** @description The bot, required if the process has several */
                    bot?: components["parameters"]["bot"];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Budgets"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/latencies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How long the stages of an interaction take */
        get: {
            parameters: {
                query?: {
                    /** @description The bot, required if the process has several */
                    bot?: components["parameters"]["bot"];
                    /** @description The window, as a Go duration from 1m to 6h; 1h if it is not given (timeline: 6h) */
                    over?: components["parameters"]["over"];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Latencies"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/commands": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The commands of a window, those that ran most first
         * @description The history has up to 12 commands of each kind; the others, and interactions without a command, share the name "other". Quantiles by command are estimated from buckets with quantile_bounds_seconds, so each is as exact as its bucket is wide. They are null above the highest bound, and for prefix commands, of which fewer buckets are kept.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The bot, required if the process has several */
                    bot?: components["parameters"]["bot"];
                    /** @description The window, as a Go duration from 1m to 6h; 1h if it is not given (timeline: 6h) */
                    over?: components["parameters"]["over"];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Commands"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/routes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The requests to Discord of a window, the busiest routes first
         * @description The history has up to 32 combinations of route, method and status, 12 routes of waits and rate limits, and the buckets of 10 combinations of route and method; the others share the route "other". Quantiles by route are estimated from buckets with quantile_bounds_seconds, so each is as exact as its bucket is wide. They are null above the highest bound, and where no buckets are kept.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The bot, required if the process has several */
                    bot?: components["parameters"]["bot"];
                    /** @description The window, as a Go duration from 1m to 6h; 1h if it is not given (timeline: 6h) */
                    over?: components["parameters"]["over"];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Routes"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/process": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the process uses
         * @description The metrics go_* and process_* of the same names, as far as the system has them; null with ARGUS_PROCESS_METRICS=false.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The bot, required if the process has several */
                    bot?: components["parameters"]["bot"];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Process"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/slow-interactions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The last interactions that were missed, rejected or answered slowly, the newest first
         * @description At most 64. Metrics have sums alone; these show one interaction each, without any id. Of the time from its creation, receipt_age_seconds passed on the way to the bot, response_delay_seconds in the bot, and the rest of ack_duration_seconds on the way to Discord.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The bot, required if the process has several */
                    bot?: components["parameters"]["bot"];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Slow"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/series": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A metric over time
         * @description The points lie at multiples of the step. Where nothing is known, a value is null. The history has steps of 5 s for 15 minutes and of 60 s before. A question that it cannot answer is a 400, such as one with a label or a bucket that is not kept. Quantiles by command and by route come from fewer buckets than the histogram has, and are null above 3 s.
         */
        get: {
            parameters: {
                query: {
                    /** @description The bot, required if the process has several */
                    bot?: components["parameters"]["bot"];
                    /** @description Prometheus name of the metric, as in docs/METRICS.md; of a histogram without _bucket, _sum or _count */
                    name: string;
                    /** @description last: the value. age: the time since the Unix time that the metric has. increase, rate: of a counter over the window; of a histogram, of its observations. quantile, above, mean: of a histogram over the window. highest, lowest, changes: of a gauge over the window */
                    form: "last" | "age" | "increase" | "rate" | "quantile" | "above" | "highest" | "lowest" | "changes" | "mean";
                    /** @description Labels to group by, separated by commas */
                    by?: string;
                    /** @description Label matchers, separated by commas: label=value|value or label!=value. A backslash takes the character after it as it is. At most 8 matchers with 32 values each */
                    match?: string;
                    /** @description How the series of a group become one number; the sum of counters and histograms, the max of gauges if it is not given */
                    combine?: "sum" | "max" | "min";
                    /** @description Window of the form. As a Go duration from 5s to 6h; 5m if it is not given */
                    over?: string;
                    /** @description From 0 to 1, for the form quantile */
                    quantile?: number;
                    /** @description Bound of a bucket in seconds, for the form above */
                    bound?: number;
                    /** @description Time from the first point to the end. As a Go duration from 5s to 6h; 1h if it is not given */
                    range?: string;
                    /** @description Time between two points. As a Go duration from 5s to 6h, in whole seconds. At most 720 points; 360 or fewer if it is not given */
                    step?: string;
                    /** @description Number of series, from 1 to 64; 32 if it is not given */
                    limit?: number;
                    /** @description Time of the last point, in seconds since 1970 or as in RFC 3339; now if it is not given */
                    end?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SeriesList"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What happened in a window, in the order of time
         * @description Connections come from the history: an event is at a step, and lies within_seconds before it at most. Findings are looked for every minute, and whenever somebody asks for them.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The bot, required if the process has several */
                    bot?: components["parameters"]["bot"];
                    /** @description The window, as a Go duration from 1m to 6h; 1h if it is not given (timeline: 6h) */
                    over?: components["parameters"]["over"];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Timeline"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How one bot of the process is, again and again, as server-sent events
         * @description The first message is a snapshot, or resumed and the steps that the client missed if its Last-Event-ID is among the last 60 messages and 1 MiB. A step follows each step of the history, every 5 s. A client that falls further behind gets a snapshot. The data of an event is one line of JSON: Snapshot, Step or Resumed, as the event is named in small letters. Comments keep the connection alive every 15 s. A client that does not read for 10 s is dropped. All streams end with retry when the process shuts down.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The bot, required if the process has several */
                    bot?: components["parameters"]["bot"];
                };
                header?: {
                    /** @description The id of the last message; browsers send it when they connect again */
                    "Last-Event-ID"?: string;
                };
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The events snapshot, step and resumed */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": string;
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                /** @description Accept has neither text/event-stream nor *\/* */
                406: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
                /** @description 32 streams are open in the process, or the bot is shutting down */
                503: {
                    headers: {
                        /** @description Seconds after which to try again */
                        "Retry-After"?: number;
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Error"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Error: {
            error: string;
        };
        Status: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            identity: components["schemas"]["Identity"];
            /** @enum {string} */
            verdict: "calm" | "look" | "affected" | "unknown";
            report: components["schemas"]["Report"];
        };
        Identity: {
            cluster: string;
            bot?: string;
            region?: string;
            argus_version: string;
        };
        Report: {
            /** Format: date-time */
            at: string;
            findings: components["schemas"]["Finding"][] | null;
            cannot_tell: components["schemas"]["Gap"][] | null;
            /** @description Checks that could be made */
            checked: number;
            /** @description Checks there are */
            checks: number;
            /** @description Processes that were seen */
            processes: number;
        };
        Finding: {
            /** @description Name of the alert for the same condition */
            id: string;
            /** @enum {string} */
            severity: "critical" | "warning" | "info";
            affects_users: boolean;
            subject: {
                [key: string]: string;
            };
            sentence: string;
            detail?: string;
            /**
             * Format: date-time
             * @description null if unknown
             */
            since: string | null;
            /** @description It began before the data begins, which is at since */
            since_before?: boolean;
            /** @enum {string} */
            blame: "the bot's code" | "discordgo's rate limiter" | "discordgo" | "Discord" | "the network" | "the machine" | "the deployment" | "the telemetry" | "unknown";
            cause?: string;
            evidence?: components["schemas"]["Evidence"][];
            not?: string[];
            changed?: components["schemas"]["Change"][];
            do?: string;
            /** Format: uri */
            runbook: string;
            explains?: components["schemas"]["Finding"][];
        };
        Evidence: {
            says: string;
            /** @description PromQL */
            query: string;
            value: number | null;
        };
        Change: {
            /** Format: date-time */
            at: string;
            what: string;
        };
        Gap: {
            what: string;
            /** @description How to learn it */
            how: string;
        };
        Overview: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            identity: components["schemas"]["Identity"];
            /**
             * Format: date-time
             * @description The time that the document is about
             */
            at: string;
            /**
             * Format: date-time
             * @description Time of the history's first step
             */
            history_since: string | null;
            /** @description discord_uptime_seconds */
            uptime_seconds: number | null;
            versions: components["schemas"]["Versions"];
            /** @description discord_clock_offset_seconds */
            clock_offset_seconds: number | null;
            /** @description discord_guilds */
            guilds: number | null;
            /** @description discord_guilds_unavailable */
            guilds_unavailable: number | null;
            /** @description discord_members */
            members: number | null;
            /** @description discord_voice_clients */
            voice_clients: number | null;
            /** @description discord_bot_shards: shards of the whole bot */
            bot_shards: number | null;
            /** @description discord_rest_requests_in_flight */
            rest_requests_in_flight: number | null;
            /** @description Entries of discordgo's state cache by kind: members, channels, threads, private_channels, roles, emojis, stickers, voice_states, presences. null if StateEnabled is false */
            cache: {
                [key: string]: number | null;
            };
            /** @description Dispatches per second by event, over what the history covers of 5 min, without those of which there were none. The 32 busiest events; the others are other */
            events_per_second_5m: {
                [key: string]: number;
            } | null;
            /** @description Responses with status 429 by scope */
            rate_limits_15m: {
                [key: string]: number;
            } | null;
            invalid_requests_10m: components["schemas"]["Invalid"];
            telemetry: components["schemas"]["Telemetry"];
        };
        Versions: {
            bot: string | null;
            discordgo: string | null;
            go: string | null;
        };
        /** @description Responses that count towards Discord's limit of 10,000 in 10 minutes */
        Invalid: {
            /** @description discord_rest_invalid_requests_total by status */
            statuses: {
                [key: string]: number;
            } | null;
            /** @description By route and status, the highest count first. Routes that the history has no room for share the route other */
            routes: components["schemas"]["InvalidRoute"][];
        };
        InvalidRoute: {
            route: string;
            /** @enum {string} */
            status: "401" | "403" | "429";
            count: number;
        };
        Telemetry: {
            /** @description Whether each configured part of Argus works (argus_subsystem_up) */
            subsystems: {
                [key: string]: boolean;
            } | null;
            /** @description By hook */
            instrumentation_errors_1h: {
                [key: string]: number;
            } | null;
            /** @description By timer */
            timers_evicted_1h: {
                [key: string]: number;
            } | null;
            /** @description Lines logged by discordgo, by level; null unless enabled (ARGUS_LOG_RECORDS) */
            log_records_1h: {
                [key: string]: number;
            } | null;
        };
        ShardOf: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            identity: components["schemas"]["Identity"];
            /**
             * Format: date-time
             * @description The time that the document is about
             */
            at: string;
            /** @description null while the number of shards is unknown */
            shard: string | null;
            /** @description Number of shards of the whole bot */
            shards: number | null;
            /** @description Whether this process has the shard */
            here: boolean | null;
            /** @description null if the shard is elsewhere */
            up: boolean | null;
            /**
             * @description State of the shard's connection, null if it is unknown
             * @enum {string|null}
             */
            state: "disconnected" | "connecting" | "identifying" | "resuming" | "ready" | null;
            /**
             * Format: date-time
             * @description Time of the last change of state
             */
            since: string | null;
            /**
             * @description unavailable: in an outage, or not received yet. absent: the bot is not in the guild. null if this process cannot tell: the shard is elsewhere, has had no READY, or lacks the GUILDS intent
             * @enum {string|null}
             */
            guild_state: "available" | "unavailable" | "absent" | null;
            /** @description Members of an available guild, as in discord_members; null if it is unknown */
            guild_members: number | null;
        };
        Shards: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            identity: components["schemas"]["Identity"];
            /**
             * Format: date-time
             * @description The time that the document is about
             */
            at: string;
            shards: components["schemas"]["Shard"][];
        };
        Shard: {
            /** @description The number, or "other" for shards above the limit of the label */
            shard: string;
            up: boolean | null;
            /**
             * @description State of the connection; null for a session that was attached after Open
             * @enum {string|null}
             */
            state: "disconnected" | "connecting" | "identifying" | "resuming" | "ready" | null;
            /**
             * Format: date-time
             * @description Time of the last change of state
             */
            since: string | null;
            /** @description Latency of the last heartbeat */
            latency_seconds: number | null;
            /** @description Age of the last heartbeat acknowledgement */
            heartbeat_ack_age_seconds: number | null;
            heartbeat_interval_seconds: number | null;
            /** @description Age of the last dispatch */
            last_event_age_seconds: number | null;
            /** @description Dispatches per second over events_window_seconds */
            events_per_second: number | null;
            /** @description 60, or 600 for a shard that does not have all numbers */
            events_window_seconds: number | null;
            /** @description Time since discordgo's session lock was last available */
            lock_unavailable_seconds: number | null;
            /** @description Disconnects in the last hour */
            closes_1h: number | null;
            resumes_1h: number | null;
            /** @description Sessions that started anew instead of resuming */
            new_sessions_1h: number | null;
            /** @description null for a shard without a disconnect since the process started, and for a session that was attached after Open */
            last_close: components["schemas"]["LastClose"] | null;
            /** @description Ids of the findings about this shard */
            findings: string[];
        };
        /** @description The last disconnect of a shard, as discord_shard_disconnects_total counts it */
        LastClose: {
            /** Format: date-time */
            at: string;
            /** @description The close code, none or other */
            code: string;
            /** @enum {string} */
            initiator: "discord" | "client" | "network";
        };
        Budgets: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            identity: components["schemas"]["Identity"];
            /**
             * Format: date-time
             * @description The time that the document is about
             */
            at: string;
            /** @description Those of the whole bot; null while nothing has asked Discord for them (ARGUS_SESSION_START_POLL) */
            session_starts: components["schemas"]["SessionStarts"] | null;
            invalid_requests: components["schemas"]["InvalidRequests"];
            /** @description By shard, the highest count first. Of more than 64 shards, those that have all numbers */
            sends: components["schemas"]["Sends"][];
            answers: components["schemas"]["Answers"];
        };
        SessionStarts: {
            remaining: number;
            limit: number | null;
            /** Format: date-time */
            resets_at: string | null;
            /** @description Sessions that may start within 5 s */
            max_concurrency: number | null;
        };
        /** @description Responses with 401, 403 or 429 */
        InvalidRequests: {
            /** @description Those of this process. Discord counts all of an IP address */
            count: number | null;
            /** @description Discord bans the address above it */
            limit: number;
            window_seconds: number;
            /** @description What the count becomes if the last minute's rate continues */
            levels_off_at: number | null;
        };
        /** @description Payloads that a shard has sent to the gateway */
        Sends: {
            shard: string;
            count: number;
            /** @description Discord closes the connection above it */
            limit: number;
            window_seconds: number;
        };
        /** @description The error budget of the interactions, as the rules define it */
        Answers: {
            /** @description Share of the interactions that may fail */
            budget: number;
            /** @description An alert pages above this burn over 1 h and 5 min */
            burn_fast: number;
            /** @description An alert warns above this burn over 6 h and 30 min */
            burn_slow: number;
            windows: components["schemas"]["Burn"][];
        };
        Burn: {
            window_seconds: number;
            /** @description How much of the window the history covers */
            covered_seconds: number | null;
            /** @description Interactions with an outcome */
            judged: number | null;
            /** @description Those that were late, rejected or missed */
            failed: number | null;
            /** @description failed divided by judged; null without interactions */
            ratio: number | null;
            /** @description ratio divided by the budget */
            burn: number | null;
        };
        Latencies: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            identity: components["schemas"]["Identity"];
            /**
             * Format: date-time
             * @description The time that the document is about
             */
            at: string;
            /** @description The window that was asked for */
            window_seconds: number;
            /** @description How much of the window the history covers */
            covered_seconds: number | null;
            /** @description All stages, in the order in which an interaction passes them */
            stages: components["schemas"]["Stage"][];
        };
        Stage: {
            /**
             * @description receipt: age on receipt. handler, response and ack: from the receipt until the handler is called, the first attempt to answer is sent, and the first callback is accepted. queue and wire: wait of the callback requests in discordgo's rate limiter, and their duration
             * @enum {string}
             */
            stage: "receipt" | "handler" | "response" | "queue" | "wire" | "ack";
            /** @description The histogram */
            metric: string;
            /** @description The 95th percentile as PromQL */
            query: string;
            count: number | null;
            /** @description null without observations. A quantile above the last bucket's bound is that bound: 10 */
            p50_seconds: number | null;
            p95_seconds: number | null;
            p99_seconds: number | null;
        };
        /** @description answers is the time from the receipt of an interaction until the first attempt to answer it, over all commands */
        Commands: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            identity: components["schemas"]["Identity"];
            /**
             * Format: date-time
             * @description The time that the document is about
             */
            at: string;
            /** @description The window that was asked for */
            window_seconds: number;
            /** @description How much of the window the history covers */
            covered_seconds: number | null;
            answers: components["schemas"]["Delays"];
            /** @description Upper bounds of the buckets that the quantiles by command come from */
            quantile_bounds_seconds: number[];
            commands: components["schemas"]["Command"][];
        };
        /** @description application and text are the runs as an application command and as a prefix command, null without any */
        Command: {
            command: string;
            application: components["schemas"]["Runs"] | null;
            text: components["schemas"]["Runs"] | null;
            /** @description Failures by the Go type of the error */
            error_types: {
                [key: string]: number;
            };
            /** @description Time until the first attempt to answer; above_3s is too late */
            answers: components["schemas"]["Durations"] | null;
        };
        Runs: {
            count: number;
            /** @description Runs whose handler returned an error or panicked */
            failed: number;
            /** @description Duration of the handler */
            duration: components["schemas"]["Durations"] | null;
        };
        Durations: {
            count: number;
            mean_seconds: number | null;
            p50_seconds: number | null;
            p95_seconds: number | null;
            p99_seconds: number | null;
            /** @description Those above 1 s */
            above_1s: number;
            /** @description Those above 3 s */
            above_3s: number;
        };
        Delays: {
            count: number | null;
            /** @description null without observations. A quantile above the last bucket's bound is that bound: 10 */
            p50_seconds: number | null;
            p95_seconds: number | null;
            p99_seconds: number | null;
        };
        Process: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            identity: components["schemas"]["Identity"];
            /**
             * Format: date-time
             * @description The time that the document is about
             */
            at: string;
            /**
             * Format: date-time
             * @description process_start_time_seconds
             */
            started_at: string | null;
            /** @description process_cpu_seconds_total, over all processors */
            cpu_seconds_total: number | null;
            /** @description process_resident_memory_bytes */
            resident_memory_bytes: number | null;
            /** @description go_memstats_heap_alloc_bytes */
            go_heap_bytes: number | null;
            /** @description go_goroutines */
            goroutines: number | null;
            /** @description process_open_fds */
            open_fds: number | null;
            /** @description process_max_fds */
            max_fds: number | null;
            /** @description Processors that the Go runtime uses at a time */
            gomaxprocs: number;
            /** @description discord_process_cpu_limit; null without a limit */
            cpu_limit: number | null;
            /** @description Increase of discord_process_cpu_throttled_seconds_total in 5 min; null without a limit */
            cpu_throttled_seconds_5m: number | null;
            /** @description null with ARGUS_PROCESS_METRICS=false */
            gc_pauses: components["schemas"]["Pauses"] | null;
        };
        /** @description Times that Go's garbage collector stopped the process, one per collection */
        Pauses: {
            count: number;
            /** @description null without any */
            longest_seconds: number | null;
            /** @description 300, or less if there were more pauses than the last 256, which Go keeps */
            window_seconds: number;
        };
        /** @description Both limits count from the creation of the interaction */
        Slow: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            identity: components["schemas"]["Identity"];
            /**
             * Format: date-time
             * @description The time that the document is about
             */
            at: string;
            /** @description What Discord waits for an answer */
            deadline_seconds: number;
            /** @description An answer that takes longer is slow */
            slow_after_seconds: number;
            interactions: components["schemas"]["SlowInteraction"][];
        };
        SlowInteraction: {
            /** Format: date-time */
            received_at: string;
            /** @description null for an interaction by HTTP */
            shard: string | null;
            /** @description As in the label type of discord_interactions_total */
            type: string;
            /** @description A command that was named, or "other" */
            command: string;
            /** @description As in the label outcome of discord_interaction_acks_total */
            outcome: string;
            /** @description Age on arrival, by Discord's clock */
            receipt_age_seconds: number;
            /** @description From the receipt to the first attempt to answer; null if there was none */
            response_delay_seconds: number | null;
            /** @description From the receipt to the response that decided the outcome; null if none did */
            ack_duration_seconds: number | null;
            /** @description Of its trace, in hexadecimal; null if it was not traced */
            trace_id: string | null;
            /** @description Link to the trace; null without ARGUS_TRACE_URL */
            trace_url: string | null;
        };
        /** @description requests are the durations of all requests, waits the times in discordgo's rate limiter */
        Routes: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            identity: components["schemas"]["Identity"];
            /**
             * Format: date-time
             * @description The time that the document is about
             */
            at: string;
            /** @description The window that was asked for */
            window_seconds: number;
            /** @description How much of the window the history covers */
            covered_seconds: number | null;
            requests: components["schemas"]["Delays"];
            waits: components["schemas"]["Delays"];
            /** @description Upper bounds of the buckets that the quantiles by route come from */
            quantile_bounds_seconds: number[];
            routes: components["schemas"]["Route"][];
        };
        Route: {
            route: string;
            /** @description The most requests first */
            methods: components["schemas"]["Method"][];
            /** @description Time in discordgo's rate limiter; null without requests that were measured */
            wait: components["schemas"]["Durations"] | null;
            /** @description Responses with status 429 by scope */
            rate_limits: {
                [key: string]: number;
            };
        };
        Method: {
            method: string;
            count: number;
            /** @description Over covered_seconds */
            requests_per_second: number | null;
            mean_seconds: number | null;
            p50_seconds: number | null;
            p95_seconds: number | null;
            p99_seconds: number | null;
            /** @description Responses by status */
            statuses: {
                [key: string]: number;
            };
        };
        SeriesList: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            identity: components["schemas"]["Identity"];
            /**
             * Format: date-time
             * @description The time that the document is about
             */
            at: string;
            /** @description The question as PromQL */
            query: string;
            /** @description Unit of the values, as in UCUM */
            unit: string;
            step_seconds: number;
            /** @description Unix times of the points */
            times: number[];
            /** @description In the order of their labels */
            series: components["schemas"]["Series"][];
            /** @description Series above the limit, some perhaps without values in the range */
            left_out: number;
        };
        Series: {
            /** @description Those of by, as far as the series has them */
            labels: {
                [key: string]: string;
            };
            /** @description One for each time */
            values: (number | null)[];
        };
        Timeline: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            identity: components["schemas"]["Identity"];
            /**
             * Format: date-time
             * @description The time that the document is about
             */
            at: string;
            /** @description The window that was asked for */
            window_seconds: number;
            /** @description How much of the window the history covers */
            covered_seconds: number | null;
            events: components["schemas"]["Event"][];
            /** @description Events above the limits */
            left_out: number;
        };
        Event: {
            /** Format: date-time */
            at: string;
            within_seconds: number;
            /** @enum {string} */
            kind: "start" | "shard_count" | "close" | "resume" | "new_session" | "rate_limited" | "finding_began" | "finding_ended";
            /** @description A sentence */
            says: string;
            /** @description Connections, responses with status 429, or subjects of the finding */
            count?: number;
            /** @description Those that are known, up to 16 */
            shards?: string[];
            /** @description Of a close */
            code?: string;
            /** @description Of a close */
            initiator?: string;
            /**
             * @description Of a rate limit. There is an event when a scope has its first 429 after 5 min without any; count has those until it is quiet for 5 min again
             * @enum {string}
             */
            scope?: "user" | "shared" | "global" | "unknown";
            /** @description Of the bot that started */
            version?: string;
            /** @description Id of the finding */
            finding?: string;
            /** @description The finding began before the data begins, which is at the time of the event */
            since_before?: boolean;
        };
        Snapshot: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            identity: components["schemas"]["Identity"];
            /**
             * Format: date-time
             * @description The time that the document is about
             */
            at: string;
            /** @enum {string} */
            verdict: "calm" | "look" | "affected" | "unknown";
            report: components["schemas"]["Report"];
            shards: components["schemas"]["Shard"][];
            budgets: components["schemas"]["Budgets"];
        };
        /** @description What has changed since the message before */
        Step: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            identity: components["schemas"]["Identity"];
            /**
             * Format: date-time
             * @description The time that the document is about
             */
            at: string;
            /** @enum {string} */
            verdict: "calm" | "look" | "affected" | "unknown";
            /** @description null if it differs in its time alone */
            report: components["schemas"]["Report"] | null;
            /** @description Those that have changed */
            shards: components["schemas"]["Shard"][];
            /** @description Shards that the process no longer has */
            gone: string[];
            budgets: components["schemas"]["Budgets"];
        };
        Resumed: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /** @description Number of the messages that follow at once */
            missed: number;
        };
    };
    responses: {
        /** @description No such bot, none that keeps a history, or a parameter that is missing, unknown, repeated or has a bad value. The error names the parameter and its value */
        Refused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The request has neither the token nor the cookie of a session */
        Unauthorized: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description A browser asks under a name that is not allowed (ARGUS_ALLOWED_HOSTS) */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description The document could not be made; the cause is in the log of the process */
        Failed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The process is busy with other requests */
        Busy: {
            headers: {
                /** @description Seconds after which to try again */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
    };
    parameters: {
        /** @description The bot, required if the process has several */
        bot: string;
        /** @description The window, as a Go duration from 1m to 6h; 1h if it is not given (timeline: 6h) */
        over: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
