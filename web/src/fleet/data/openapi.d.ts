// Generated from docs/fleet-openapi.json by scripts/api-types.mjs. DO NOT EDIT.

export interface paths {
    "/fleet.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the page must know before data */
        get: {
            parameters: {
                query?: never;
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
                        "application/json": components["schemas"]["Settings"];
                    };
                };
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
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
    "/api/fleet/v1/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The verdict on the fleet, its bots, its regions and its clusters
         * @description Everybody who asks gets the same one, which is made anew when something has been reported.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Only this service.name */
                    job?: components["parameters"]["job"];
                    /** @description The label bot; left out for clusters without */
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
                        ETag: components["headers"]["ETag"];
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Overview"];
                    };
                };
                304: components["responses"]["Unchanged"];
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
    "/api/fleet/v1/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the overview draws over time */
        get: {
            parameters: {
                query?: {
                    /** @description Only this service.name */
                    job?: components["parameters"]["job"];
                    /** @description The label bot; left out for clusters without */
                    bot?: components["parameters"]["bot"];
                    /** @description The window, which ends now or at to */
                    range?: components["parameters"]["range"];
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
                        ETag: components["headers"]["ETag"];
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["History"];
                    };
                };
                304: components["responses"]["Unchanged"];
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
    "/api/fleet/v1/sparks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The small line of each cluster
         * @description Apart from the overview, as it changes once a minute and is larger.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Only this service.name */
                    job?: components["parameters"]["job"];
                    /** @description The label bot; left out for clusters without */
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
                        ETag: components["headers"]["ETag"];
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Sparks"];
                    };
                };
                304: components["responses"]["Unchanged"];
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
    "/api/fleet/v1/cluster": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A cluster: its findings, series, shards, and the processes it has been */
        get: {
            parameters: {
                query: {
                    /** @description service.name */
                    job: components["parameters"]["jobNeeded"];
                    /** @description The label bot; left out for clusters without */
                    bot?: components["parameters"]["bot"];
                    /** @description The label region; left out for clusters without */
                    region?: components["parameters"]["region"];
                    /** @description The label cluster */
                    cluster: components["parameters"]["clusterNeeded"];
                    /** @description The window, which ends now or at to */
                    range?: components["parameters"]["range"];
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
                        ETag: components["headers"]["ETag"];
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ClusterDetail"];
                    };
                };
                304: components["responses"]["Unchanged"];
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                404: components["responses"]["Missing"];
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
    "/api/fleet/v1/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What happened in the fleet, newest first */
        get: {
            parameters: {
                query?: {
                    /** @description Only this service.name */
                    job?: components["parameters"]["job"];
                    /** @description The label bot; left out for clusters without */
                    bot?: components["parameters"]["bot"];
                    /** @description The window, which ends now or at to */
                    range?: components["parameters"]["range"];
                    /** @description End of the window, in s since 1970; now if it is not given */
                    to?: components["parameters"]["to"];
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
                        ETag: components["headers"]["ETag"];
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Timeline"];
                    };
                };
                304: components["responses"]["Unchanged"];
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
    "/api/fleet/v1/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Alerts, mutes, and whether notifications arrive */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document */
                200: {
                    headers: {
                        ETag: components["headers"]["ETag"];
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Alerts"];
                    };
                };
                304: components["responses"]["Unchanged"];
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
    "/api/fleet/v1/mutes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mute alerts
         * @description Needs the role operator. A mute is a silence of Alertmanager.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewMute"];
                };
            };
            responses: {
                /** @description It is muted */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Muted"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/fleet/v1/mutes/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End a mute
         * @description Needs the role operator.
         */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It has ended */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                404: components["responses"]["Missing"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/fleet/v1/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Each instance that reports, or has reported */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document */
                200: {
                    headers: {
                        ETag: components["headers"]["ETag"];
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Members"];
                    };
                };
                304: components["responses"]["Unchanged"];
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
    "/api/fleet/v1/forget": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Forget a place that does not report
         * @description Needs the role operator.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Forget"];
                };
            };
            responses: {
                /** @description It is forgotten */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                404: components["responses"]["Missing"];
                409: components["responses"]["Conflict"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/fleet/v1/erase": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Erase a guild from the events
         * @description Needs the role operator. Removes all events and figures of the guild, of all bots. Sums that are not about guilds stay. The id is neither kept nor logged.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Erase"];
                };
            };
            responses: {
                /** @description It is erased */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Erased"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                404: components["responses"]["Missing"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/fleet/v1/backup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Copy the data into a folder that another fleet can be started with
         * @description Needs the role operator. Takes as long as the metrics of the last hours need.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": Record<string, never>;
                };
            };
            responses: {
                /** @description It is made */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Backup"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                409: components["responses"]["Conflict"];
                500: components["responses"]["Failed"];
                503: components["responses"]["Busy"];
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/fleet/v1/shard-of": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The shard of a guild, and the clusters that have it */
        get: {
            parameters: {
                query: {
                    /** @description Only this service.name */
                    job?: components["parameters"]["job"];
                    /** @description The label bot; left out for clusters without */
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
                        ETag: components["headers"]["ETag"];
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ShardOf"];
                    };
                };
                304: components["responses"]["Unchanged"];
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
    "/api/fleet/v1/targets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where members can be scraped, in the format of Prometheus' http_sd */
        get: {
            parameters: {
                query?: {
                    /** @description Only this service.name */
                    job?: components["parameters"]["job"];
                    /** @description The label bot; left out for clusters without */
                    bot?: components["parameters"]["bot"];
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The targets of those that report and have the resource attribute argus.scrape.url */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Targets"];
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                500: components["responses"]["Failed"];
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
    "/api/fleet/v1/events/bots": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The bots that have events
         * @description Only with the token of a viewer.
         */
        get: {
            parameters: {
                query?: {
                    format?: components["parameters"]["eventFormat"];
                    /** @description The table of a CSV */
                    table?: "bots";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document, or one of its tables */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventBots"];
                        "text/csv": string;
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                404: components["responses"]["NoEvents"];
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
    "/api/fleet/v1/events/commands": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The commands of a bot, and those of the window of the same length before
         * @description Only with the token of a viewer. Without from, the window has 24 h.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The attribute bot of the events; left out for events without */
                    bot?: components["parameters"]["eventBot"];
                    /** @description Begin of the window, at most 731 days before its end */
                    from?: components["parameters"]["eventFrom"];
                    /** @description End of the window; now if it is not given */
                    to?: components["parameters"]["eventTo"];
                    /** @description Only this version; empty for events without one */
                    version?: components["parameters"]["eventVersion"];
                    format?: components["parameters"]["eventFormat"];
                    /** @description The table of a CSV */
                    table?: "commands" | "commands_before" | "trend";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document, or one of its tables */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventCommands"];
                        "text/csv": string;
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                404: components["responses"]["NoEvents"];
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
    "/api/fleet/v1/events/command": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A command by error type, by cluster and by version, and over time
         * @description Only with the token of a viewer. Without from, the window has 24 h.
         */
        get: {
            parameters: {
                query: {
                    /** @description The attribute bot of the events; left out for events without */
                    bot?: components["parameters"]["eventBot"];
                    /** @description Begin of the window, at most 731 days before its end */
                    from?: components["parameters"]["eventFrom"];
                    /** @description End of the window; now if it is not given */
                    to?: components["parameters"]["eventTo"];
                    /** @description Its full name */
                    command: string;
                    /** @description Only this version; empty for events without one */
                    version?: components["parameters"]["eventVersion"];
                    format?: components["parameters"]["eventFormat"];
                    /** @description The table of a CSV */
                    table?: "parts" | "trend";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document, or one of its tables */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventCommand"];
                        "text/csv": string;
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                404: components["responses"]["NoEvents"];
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
    "/api/fleet/v1/events/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The versions that ran
         * @description Only with the token of a viewer. Without from, the window has 7 days.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The attribute bot of the events; left out for events without */
                    bot?: components["parameters"]["eventBot"];
                    /** @description Begin of the window, at most 731 days before its end */
                    from?: components["parameters"]["eventFrom"];
                    /** @description End of the window; now if it is not given */
                    to?: components["parameters"]["eventTo"];
                    format?: components["parameters"]["eventFormat"];
                    /** @description The table of a CSV */
                    table?: "versions";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document, or one of its tables */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventVersions"];
                        "text/csv": string;
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                404: components["responses"]["NoEvents"];
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
    "/api/fleet/v1/events/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Two versions, command by command
         * @description Only with the token of a viewer. Without from, the window has 7 days.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The attribute bot of the events; left out for events without */
                    bot?: components["parameters"]["eventBot"];
                    /** @description Begin of the window, at most 731 days before its end */
                    from?: components["parameters"]["eventFrom"];
                    /** @description End of the window; now if it is not given */
                    to?: components["parameters"]["eventTo"];
                    /** @description A version; the one before the other if it is not given */
                    before?: string;
                    /** @description A version; the newest if it is not given */
                    after?: string;
                    format?: components["parameters"]["eventFormat"];
                    /** @description The table of a CSV */
                    table?: "changes" | "versions";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document, or one of its tables */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventRelease"];
                        "text/csv": string;
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                404: components["responses"]["NoEvents"];
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
    "/api/fleet/v1/events/guilds-hit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The guilds that a window hit, to the millisecond, the worst first
         * @description Only with the token of a viewer. Without from, the window has 1 h.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The attribute bot of the events; left out for events without */
                    bot?: components["parameters"]["eventBot"];
                    /** @description Begin of the window, at most 731 days before its end */
                    from?: components["parameters"]["eventFrom"];
                    /** @description End of the window; now if it is not given */
                    to?: components["parameters"]["eventTo"];
                    /** @description The number of guilds */
                    limit?: number;
                    format?: components["parameters"]["eventFormat"];
                    /** @description The table of a CSV */
                    table?: "guilds";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document, or one of its tables */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventGuildsHit"];
                        "text/csv": string;
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                404: components["responses"]["NoEvents"];
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
    "/api/fleet/v1/events/growth": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Joins and leaves, active guilds, and where a bot is used. Days are whole
         * @description Only with the token of a viewer. Without from, the window has 30 days.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The attribute bot of the events; left out for events without */
                    bot?: components["parameters"]["eventBot"];
                    /** @description Begin of the window, at most 731 days before its end */
                    from?: components["parameters"]["eventFrom"];
                    /** @description End of the window; now if it is not given */
                    to?: components["parameters"]["eventTo"];
                    format?: components["parameters"]["eventFormat"];
                    /** @description The table of a CSV */
                    table?: "days" | "sizes" | "audience" | "users";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document, or one of its tables */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventGrowth"];
                        "text/csv": string;
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                404: components["responses"]["NoEvents"];
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
    "/api/fleet/v1/events/guild": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One guild: its commands to the millisecond, and its trend in whole hours
         * @description Only with the token of a viewer. Without from, the window has 24 h.
         */
        get: {
            parameters: {
                query: {
                    /** @description The attribute bot of the events; left out for events without */
                    bot?: components["parameters"]["eventBot"];
                    /** @description Begin of the window, at most 731 days before its end */
                    from?: components["parameters"]["eventFrom"];
                    /** @description End of the window; now if it is not given */
                    to?: components["parameters"]["eventTo"];
                    /** @description The id of a guild. It is neither kept nor logged by the fleet; a proxy in front of it may log it */
                    guild: string;
                    format?: components["parameters"]["eventFormat"];
                    /** @description The table of a CSV */
                    table?: "commands" | "trend";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document, or one of its tables */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventGuild"];
                        "text/csv": string;
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                404: components["responses"]["NoEvents"];
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
    "/api/fleet/v1/events/ingest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What became of the events that arrived in a window
         * @description Only with the token of a viewer. Without from, the window has 24 h.
         */
        get: {
            parameters: {
                query?: {
                    /** @description The attribute bot of the events; left out for events without */
                    bot?: components["parameters"]["eventBot"];
                    /** @description Begin of the window, at most 731 days before its end */
                    from?: components["parameters"]["eventFrom"];
                    /** @description End of the window; now if it is not given */
                    to?: components["parameters"]["eventTo"];
                    format?: components["parameters"]["eventFormat"];
                    /** @description The table of a CSV */
                    table?: "ingest";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The document, or one of its tables */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventIngest"];
                        "text/csv": string;
                    };
                };
                400: components["responses"]["Refused"];
                401: components["responses"]["Unauthorized"];
                403: components["responses"]["Forbidden"];
                404: components["responses"]["NoEvents"];
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
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Error: {
            error: string;
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
            /** @description Interactions that are not answered in time because of it, a minute. Findings of the report have it, worst first; those in explains do not. null if unknown */
            cost_per_minute?: number | null;
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
        Source: {
            /**
             * @description push: members send OTLP. prometheus: a Prometheus is asked
             * @enum {string}
             */
            kind: "push" | "prometheus";
            /** @description Its address without credentials, or the name of the endpoint */
            name: string;
            /**
             * @description late: nothing new has come for longer than gone_after_seconds
             * @enum {string}
             */
            state: "ok" | "late" | "failed";
            /**
             * Format: date-time
             * @description Time of the last change of state
             */
            since: string | null;
            /** @description Of the last attempt; null unless the state is failed */
            error: string | null;
        };
        /** @description What the page must know before data */
        Settings: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /** @description Version of argus-fleet */
            fleet_version: string;
            /** @description Of the fleet; empty if it has none */
            name: string;
            /** @description Whether a token is needed */
            auth: boolean;
            /**
             * @description open: no token is set, and everybody may do what an operator may
             * @enum {string}
             */
            role: "viewer" | "operator" | "open";
            /** @description Whether the client may mute, unmute and forget */
            operate: boolean;
            /** @description Template of links with {job}, {bot}, {region}, {cluster}, {shard}, {from} and {to}; empty if there is none */
            grafana: string;
            /** @description Whether the server has /api/v1/query and /api/v1/query_range */
            query: boolean;
            /** @description Whether the fleet keeps events, and answers questions about them */
            events: boolean;
        };
        Overview: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description The time that the data is about. It stands still while no source gives anything new
             */
            at: string;
            /**
             * Format: date-time
             * @description The server's time
             */
            now: string;
            /** @description Where the data comes from */
            sources: components["schemas"]["Source"][];
            /** @enum {string} */
            verdict: "calm" | "look" | "affected" | "unknown";
            report: components["schemas"]["Report"];
            /** @description All of them, whatever job and bot are */
            bots: components["schemas"]["Bot"][];
            totals: components["schemas"]["Totals"];
            regions: components["schemas"]["Region"][];
            /** @description Worst first: by failures_per_minute, then by severity */
            clusters: components["schemas"]["Cluster"][];
            alerts: components["schemas"]["AlertCounts"];
            /** @description A cluster that has not reported for so long is gone */
            gone_after_seconds: number;
        };
        /** @description What a bot should be, and what it is */
        Bot: {
            /** @description service.name */
            job: string;
            /** @description The label bot; null if it is not set */
            bot: string | null;
            expected: {
                clusters: number | null;
                shards: number | null;
                /**
                 * @description setting: the operator of the fleet said so. seen: the most clusters at a time, and the shard count that most clusters report
                 * @enum {string}
                 */
                by: "setting" | "seen";
            };
            clusters: {
                reporting: number;
                /** @description Stopped reporting without a goodbye */
                gone: number;
                /** @description Said goodbye */
                left: number;
            };
            shards: {
                /** @description Shard count that most clusters report */
                total: number | null;
                /** @description Shards that are up in at least one cluster */
                up: number;
                /** @description Shards that are in a reporting cluster and not up */
                down: number;
                /** @description Ranges, from and to, of shards that no reporting cluster has */
                missing: number[][];
                /** @description Shards that are up in several clusters */
                twice: {
                    shard: string;
                    clusters: string[];
                }[];
            };
            /** @description Shard counts that clusters report, the most frequent first */
            shard_counts: {
                shards: number;
                /** @description Number of clusters */
                n: number;
                /** @description At most 5 */
                clusters: string[];
            }[];
            /** @description Versions of the bot, the most frequent first */
            versions: components["schemas"]["BotVersion"][];
            /** @description Versions of discordgo, the most frequent first */
            library_versions: {
                version: string | null;
                clusters: number;
            }[];
            /** @description Least and greatest discord_clock_offset_seconds */
            clock_offset_seconds: {
                min: number;
                max: number;
            } | null;
            /** @description null if no cluster has asked Discord */
            session_starts: components["schemas"]["SessionStarts"] | null;
            /** @description Of all reporting clusters; null while max_concurrency is unknown */
            restart: components["schemas"]["Restart"] | null;
        };
        BotVersion: {
            /** @description service.version */
            version: string | null;
            /** @description Reporting ones */
            clusters: number;
            shards: number;
            /** @description Interactions, answered or not, in 5 min */
            answers_per_second: number | null;
            /** @description Share that was not answered in time in 5 min */
            failure_ratio: number | null;
            /** Format: date-time */
            first_seen: string | null;
            /** @description Of the clusters with this version */
            restart: components["schemas"]["Restart"] | null;
        };
        /** @description The least of what the clusters of the bot report */
        SessionStarts: {
            remaining: number;
            limit: number | null;
            /** Format: date-time */
            resets_at: string | null;
            /** @description Sessions that may start within 5 s */
            max_concurrency: number | null;
        };
        /** @description What it costs to restart clusters */
        Restart: {
            /** @description Session starts that it takes */
            identifies: number;
            /** @description At least */
            seconds: number;
            /** @description Session starts left after it; null if the number now is unknown */
            left_after: number | null;
        };
        /** @description Of reporting clusters alone */
        Totals: {
            clusters: {
                reporting: number;
                expected: number | null;
                gone: number;
            };
            shards: {
                up: number;
                expected: number | null;
            };
            /** @description In 5 min */
            answered: {
                /** @description null without interactions */
                in_time_ratio: number | null;
                per_second: number | null;
                failures_per_minute: number | null;
            };
            guilds: number | null;
            /** @description Last known number of clusters that are gone; null if unknown */
            guilds_left_out: number | null;
        };
        Region: {
            /** @description The label region; null if it is not set */
            region: string | null;
            /** @description Expected ones: all but those that left */
            clusters: number;
            reporting: number;
            shards_up: number;
            shards: number | null;
            /** @description In 5 min */
            failure_ratio: number | null;
        };
        /** @description Of a cluster that is gone or left, all values are the last known ones, and are in no sum */
        Cluster: {
            /** @description service.name */
            job: string;
            /** @description The label bot; null if it is not set */
            bot: string | null;
            /** @description The label region; null if it is not set */
            region: string | null;
            /** @description The label cluster */
            cluster: string;
            /** @description Of the cluster in its region, which never changes */
            number: number;
            /**
             * @description late: answers too few interactions in time. down: has shards that are not up. twice: has a shard that another cluster has too. gone: stopped reporting without a goodbye. left: said goodbye. The first that applies of gone, left, twice, down, late
             * @enum {string}
             */
            state: "up" | "late" | "down" | "twice" | "gone" | "left" | "unknown";
            /**
             * @description Of its worst finding
             * @enum {string|null}
             */
            severity: "critical" | "warning" | null;
            /**
             * Format: date-time
             * @description Time of the last change of state
             */
            since: string | null;
            /** Format: date-time */
            last_report_at: string | null;
            shards: {
                up: number | null;
                total: number | null;
                /** @description Ranges, such as 0-15,32; empty if unknown */
                ids: string;
            };
            /** @description Interactions that were not answered in time, in 5 min. Of a cluster that is gone: interactions a minute in the hour before its last report */
            failures_per_minute: number | null;
            /** @description In 5 min */
            failure_ratio: number | null;
            /** @description discord_interaction_ack_duration_seconds in 5 min */
            answer_p95_seconds: number | null;
            /** @description In 5 min */
            rate_limits_per_minute: number | null;
            guilds: number | null;
            /** @description service.version */
            version: string | null;
            /** @description service.instance.id */
            instance: string | null;
            /** Format: date-time */
            started_at: string | null;
        };
        /** @description Each alert is in one state */
        AlertCounts: {
            firing: number;
            pending: number;
            inhibited: number;
            muted: number;
        };
        /** @description Recorded at every report, so it is there before anybody looks */
        History: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description The time that the data is about. It stands still while no source gives anything new
             */
            at: string;
            /**
             * Format: date-time
             * @description The server's time
             */
            now: string;
            /** @description Where the data comes from */
            sources: components["schemas"]["Source"][];
            step_seconds: number;
            /**
             * Format: date-time
             * @description Time of the first value
             */
            from: string;
            /** @description Share not answered in time by version of the bot, the most frequent version first */
            versions: {
                version: string | null;
                /** @description Reporting ones now */
                clusters: number;
                /** @description One for each step */
                failure_ratio: (number | null)[];
            }[];
            /** @description Least of the reporting clusters */
            session_starts_remaining: (number | null)[];
            marks: components["schemas"]["Mark"][];
        };
        /** @description Something to draw through the charts */
        Mark: {
            /** Format: date-time */
            at: string;
            /** @enum {string} */
            kind: "version" | "gone" | "restarted" | "finding_began" | "shard_count";
            /** @description A few words */
            what: string;
        };
        /** @description The last hour of each cluster of the overview */
        Sparks: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description The time that the data is about. It stands still while no source gives anything new
             */
            at: string;
            /**
             * Format: date-time
             * @description The server's time
             */
            now: string;
            /** @description Where the data comes from */
            sources: components["schemas"]["Source"][];
            step_seconds: number;
            /**
             * Format: date-time
             * @description Time of the first value
             */
            from: string;
            clusters: {
                /** @description service.name */
                job: string;
                /** @description The label bot; null if it is not set */
                bot: string | null;
                /** @description The label region; null if it is not set */
                region: string | null;
                /** @description The label cluster */
                cluster: string;
                /** @description One for each step; null where nothing is known */
                failure_ratio: (number | null)[];
            }[];
        };
        ClusterDetail: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description The time that the data is about. It stands still while no source gives anything new
             */
            at: string;
            /**
             * Format: date-time
             * @description The server's time
             */
            now: string;
            /** @description Where the data comes from */
            sources: components["schemas"]["Source"][];
            cluster: components["schemas"]["Cluster"];
            /** @description Place of the cluster among all, worst first */
            rank: number | null;
            /** @description Number of clusters */
            of: number;
            /** @enum {string} */
            verdict: "calm" | "look" | "affected" | "unknown";
            report: components["schemas"]["Report"];
            gone_after_seconds: number;
            series: {
                step_seconds: number;
                /**
                 * Format: date-time
                 * @description Time of the first value
                 */
                from: string;
                failure_ratio: (number | null)[];
                /** @description Median of the other clusters with the same version */
                peers_failure_ratio: (number | null)[];
                answer_p95_seconds: (number | null)[];
                /** @description Median of the other clusters with the same version */
                peers_answer_p95_seconds: (number | null)[];
                shards_up: (number | null)[];
                marks: components["schemas"]["Mark"][];
            };
            /**
             * Format: date-time
             * @description The time that shards is about: that of the document, or of the last report of a cluster that is gone or has left
             */
            shards_at: string;
            /** @description In the order of their numbers */
            shards: components["schemas"]["Shard"][];
            /** @description Processes that were this cluster, newest first */
            incarnations: components["schemas"]["Incarnation"][];
            /** @description null if there is no other cluster with the same version */
            peers: components["schemas"]["Peers"] | null;
            /** @description Interactions of the last hour that were answered slowly and have a trace, newest first: those that the bot sampled and kept as exemplars, so not all. null if the fleet reads Prometheus servers, whose exemplars it does not have */
            slow_traces: components["schemas"]["SlowTrace"][] | null;
            /** @description What makes an answer slow */
            slow_after_seconds: number;
        };
        SlowTrace: {
            /**
             * Format: date-time
             * @description By the clock of the process
             */
            answered_at: string;
            type: string;
            /** @description other if it is not registered, or there is none */
            command: string;
            /** @description Time from the receipt until the first callback was accepted */
            ack_duration_seconds: number;
            trace_id: string;
            /** @description Link to the trace; null without ARGUS_FLEET_TRACE_URL */
            trace_url: string | null;
        };
        /** @description As in docs/openapi.json, as far as metrics tell it */
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
            /** @description null: no series has it by shard */
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
            /** @description null without a disconnect in the history */
            last_close: components["schemas"]["LastClose"] | null;
            /** @description Ids of the findings about this shard */
            findings: string[];
            /** @description The last 10 min, oldest first: whether the shard had an event */
            busy_minutes: (boolean | null)[];
            /** @description discord_shard_sent_total in 1 min, of 120 */
            sends_per_minute: number | null;
            /** @description Latency over the last hour, one a minute */
            latency_spark: (number | null)[];
        };
        /** @description The last disconnect, as discord_shard_disconnects_total counts it */
        LastClose: {
            /**
             * Format: date-time
             * @description To the interval of the reports
             */
            at: string | null;
            /** @description The close code, none or other */
            code: string;
            /** @enum {string} */
            initiator: "discord" | "client" | "network";
        };
        Incarnation: {
            /** @description service.instance.id */
            instance: string;
            /** @description service.version */
            version: string | null;
            /**
             * Format: date-time
             * @description First report
             */
            from: string;
            /**
             * Format: date-time
             * @description Last report; null if it is here
             */
            to: string | null;
            /**
             * @description replaced: another instance reports for the cluster. lost: no goodbye
             * @enum {string}
             */
            ended_by: "here" | "goodbye" | "replaced" | "lost";
            /** @description IDENTIFYs that it sent */
            session_starts: number | null;
        };
        Peers: {
            /** @description Whom the cluster is compared with, such as 34 clusters on v2.14.0 */
            of: string;
            rows: {
                what: string;
                value: number | null;
                median: number | null;
                /** @description As in UCUM: 1 for a ratio, s, {…} for a number */
                unit: string;
                /** @description Whether the value is far from the median */
                odd: boolean;
            }[];
        };
        Timeline: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description The time that the data is about. It stands still while no source gives anything new
             */
            at: string;
            /**
             * Format: date-time
             * @description The server's time
             */
            now: string;
            /** @description Where the data comes from */
            sources: components["schemas"]["Source"][];
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            to: string;
            /** @description Newest first */
            events: components["schemas"]["Event"][];
            /** @description Whether the window has older ones, which are left out */
            more: boolean;
        };
        Event: {
            /** Format: date-time */
            at: string;
            /** @enum {string} */
            kind: "started" | "restarted" | "gone" | "back" | "left" | "moved" | "duplicate" | "version" | "shard_count" | "finding_began" | "finding_ended" | "alert" | "muted" | "unmuted" | "forgotten" | "erasure" | "login";
            job: string | null;
            bot: string | null;
            region: string | null;
            cluster: string | null;
            shard: string | null;
            /** @enum {string|null} */
            severity: "critical" | "warning" | "info" | null;
            /** @description A sentence */
            what: string;
        };
        Alerts: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description The time that the data is about. It stands still while no source gives anything new
             */
            at: string;
            /**
             * Format: date-time
             * @description The server's time
             */
            now: string;
            /** @description Where the data comes from */
            sources: components["schemas"]["Source"][];
            /** @description Firing ones first, then by severity and time */
            alerts: components["schemas"]["Alert"][];
            /** @description Alerts above the limit */
            left_out: number;
            /** @description Those that have not ended */
            mutes: components["schemas"]["Mute"][];
            notifications: components["schemas"]["Notifications"];
        };
        Alert: {
            name: string;
            /**
             * @description muted: a mute holds its notifications back. inhibited: it fires, and follows from another alert, which is told instead. Unknown with Alertmanagers of ARGUS_FLEET_ALERTMANAGER_URL: there it is firing
             * @enum {string}
             */
            state: "firing" | "pending" | "muted" | "inhibited";
            /** @enum {string} */
            severity: "critical" | "warning" | "info";
            /** @description With alertname */
            labels: {
                [key: string]: string;
            };
            summary: string;
            description: string;
            /** @description Empty if there is none */
            runbook: string;
            /** Format: date-time */
            active_at: string | null;
            /** @description How long it must be active until it fires */
            for_seconds: number;
            value: number | null;
            /** @description The one that ends last */
            mute: components["schemas"]["Mute"] | null;
            /** @description Labels of the alert that it follows from, with alertname */
            inhibited_by: {
                [key: string]: string;
            } | null;
        };
        Mute: {
            id: string;
            matchers: components["schemas"]["Matcher"][];
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            until: string;
            /** @description Who set it */
            by: string;
            comment: string;
            /** @description It ends before its time when another alert starts to match, the severity of one rises, or their number doubles and grows by three */
            ends_if_worse: boolean;
        };
        Matcher: {
            /** @description Of a label */
            name: string;
            value: string;
            /** @enum {string} */
            op: "=" | "!=" | "=~" | "!~";
        };
        NewMute: {
            matchers: {
                /** @description Of a label */
                name: string;
                /** @description Compared as a whole */
                value: string;
            }[];
            minutes: number;
            /** @description Why */
            comment: string;
        };
        Muted: {
            id: string;
        };
        Notifications: {
            /**
             * @description discord: a webhook. alertmanager: another Alertmanager. config: a configuration of Alertmanager
             * @enum {string}
             */
            way: "none" | "discord" | "alertmanager" | "config";
            receivers: {
                name: string;
                /** Format: date-time */
                last_success: string | null;
                /** Format: date-time */
                last_failure: string | null;
                /** @description Of the last failure, without secrets */
                error: string | null;
                /**
                 * Format: date-time
                 * @description null if the last attempt succeeded
                 */
                failing_since: string | null;
            }[];
        };
        Members: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description The time that the data is about. It stands still while no source gives anything new
             */
            at: string;
            /**
             * Format: date-time
             * @description The server's time
             */
            now: string;
            /** @description Where the data comes from */
            sources: components["schemas"]["Source"][];
            gone_after_seconds: number;
            /** @description In the order of their places */
            members: components["schemas"]["Member"][];
        };
        /** @description An instance that has reported for a cluster */
        Member: {
            /** @description service.name */
            job: string;
            /** @description The label bot; null if it is not set */
            bot: string | null;
            /** @description The label region; null if it is not set */
            region: string | null;
            /** @description The label cluster */
            cluster: string;
            /** @description service.instance.id */
            instance: string | null;
            /** @description service.version */
            version: string | null;
            /** Format: date-time */
            first_seen: string;
            /** Format: date-time */
            last_seen: string;
            /** @description Between reports */
            interval_seconds: number | null;
            /** @enum {string} */
            state: "reporting" | "late" | "lost" | "goodbye" | "replaced";
            series: number | null;
            /** @description null for a member that is not pushed */
            pushes: number | null;
            /** @description Data points that were refused since the first report */
            refused_points: number | null;
            /** @description Why */
            last_refusal: string | null;
            /** @description Of the member's clock against the fleet's */
            clock_offset_seconds: number | null;
        };
        /** @description All members of the place are forgotten, unless it reports */
        Forget: {
            /** @description service.name */
            job: string;
            /** @description The label bot; null if it is not set */
            bot: string | null;
            /** @description The label region; null if it is not set */
            region: string | null;
            /** @description The label cluster */
            cluster: string;
        };
        Erase: {
            /** @description The id of the guild */
            guild: string;
        };
        Erased: {
            /** @description Events that were removed */
            events: number;
        };
        Backup: {
            /** @description On the machine of the fleet */
            folder: string;
        };
        Targets: {
            targets: string[];
            /** @description __scheme__ and __metrics_path__; __meta_argus_job, _bot, _region, _cluster, _instance and _version, as far as they are known */
            labels: {
                [key: string]: string;
            };
        }[];
        ShardOf: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description The time that the data is about. It stands still while no source gives anything new
             */
            at: string;
            /**
             * Format: date-time
             * @description The server's time
             */
            now: string;
            /** @description Where the data comes from */
            sources: components["schemas"]["Source"][];
            guild: string;
            bots: {
                /** @description service.name */
                job: string;
                /** @description The label bot; null if it is not set */
                bot: string | null;
                /** @description null while the number of shards is unknown */
                shard: string | null;
                shards: number | null;
                /** @description Clusters that have the shard: none, one, or by mistake several */
                owners: {
                    /** @description The label region; null if it is not set */
                    region: string | null;
                    /** @description The label cluster */
                    cluster: string;
                    /**
                     * @description State of the connection
                     * @enum {string|null}
                     */
                    state: "disconnected" | "connecting" | "identifying" | "resuming" | "ready" | null;
                    up: boolean | null;
                    /** Format: date-time */
                    since: string | null;
                    /** @description The cluster does not report; the rest is what was last known */
                    gone: boolean;
                }[];
            }[];
        };
        /** @description The window that was used: the parameters, widened to whole hours or days where an answer is made of such */
        EventWindow: {
            /** @description The attribute bot of the events; empty for events without */
            bot: string;
            /**
             * Format: date-time
             * @description Inclusive
             */
            from: string;
            /**
             * Format: date-time
             * @description Exclusive
             */
            to: string;
        };
        /** @description A command, or the interactions of a type without one */
        CommandFigures: {
            /** @description Of the interaction */
            type: string | null;
            /** @description null: it has none */
            command: string | null;
            /** @description Interactions */
            runs: number;
            /** @description With an error type */
            failures: number;
            /** @description Acknowledged within 3 s */
            in_time: number;
            /** @description Late, rejected or missed. The outcome of the others is unknown, or another process has answered */
            not_in_time: number;
            /** @description Median duration of the handler in s, within 1 %; null without a wrapped handler */
            p50: number | null;
            /** @description 95th percentile of it */
            p95: number | null;
            /** @description Runs in the window before; not of a guild */
            runs_before?: number;
        };
        /** @description A part of the window. Steps are counted from 1970, so the first may begin before it */
        EventStep: {
            /**
             * Format: date-time
             * @description Of the step
             */
            start: string;
            /** @description Interactions */
            runs: number;
            /** @description With an error type */
            failures: number;
            /** @description Acknowledged within 3 s */
            in_time: number;
            /** @description Late, rejected or missed. The outcome of the others is unknown, or another process has answered */
            not_in_time: number;
            /** @description Median duration of the handler in s, within 1 %; null without a wrapped handler */
            p50: number | null;
            /** @description 95th percentile of it */
            p95: number | null;
        };
        /** @description The runs of a command that have one value in a dimension */
        CommandPart: {
            /** @enum {string} */
            dimension: "error_type" | "cluster" | "version";
            /** @description Left out without an error */
            error_type?: string;
            /** @description Of the cluster; left out if it is not set */
            region?: string;
            /** @description Left out if it is not set */
            cluster?: string;
            /** @description Left out if it is not set */
            version?: string;
            /** @description Interactions */
            runs: number;
            /** @description With an error type */
            failures: number;
            /** @description Acknowledged within 3 s */
            in_time: number;
            /** @description Late, rejected or missed. The outcome of the others is unknown, or another process has answered */
            not_in_time: number;
        };
        /** @description A version that ran */
        VersionSpan: {
            /** @description Empty if it is not set */
            version: string;
            /**
             * Format: date-time
             * @description Its first hour
             */
            first: string;
            /**
             * Format: date-time
             * @description Its last hour
             */
            last: string;
            /** @description Interactions */
            runs: number;
            /** @description With an error type */
            failures: number;
            /** @description Acknowledged within 3 s */
            in_time: number;
            /** @description Late, rejected or missed. The outcome of the others is unknown, or another process has answered */
            not_in_time: number;
        };
        /** @description A command in one version. It has no runs if the version did not run it */
        OneSide: {
            /** @description Interactions */
            runs: number;
            /** @description With an error type */
            failures: number;
            /** @description Acknowledged within 3 s */
            in_time: number;
            /** @description Late, rejected or missed. The outcome of the others is unknown, or another process has answered */
            not_in_time: number;
            /** @description Median duration of the handler in s, within 1 %; null without a wrapped handler */
            p50: number | null;
            /** @description 95th percentile of it */
            p95: number | null;
        };
        CommandChange: {
            /** @description Of the interaction */
            type: string | null;
            /** @description null: it has none */
            command: string | null;
            before: components["schemas"]["OneSide"];
            after: components["schemas"]["OneSide"];
        };
        /** @description A guild with failures, with interactions that were not answered in time, or that became unavailable */
        GuildHit: {
            /** @description Its id, of 64 bits */
            guild: string;
            /** @description Interactions */
            runs: number;
            /** @description With an error type */
            failures: number;
            /** @description Acknowledged within 3 s */
            in_time: number;
            /** @description Late, rejected or missed. The outcome of the others is unknown, or another process has answered */
            not_in_time: number;
            /** @description Times that it became unavailable */
            outages: number;
            /** @description Number of members, as a range; null if it is unknown */
            size: string | null;
            /**
             * Format: date-time
             * @description When something last happened to it
             */
            last: string | null;
        };
        /** @description A day in UTC. Days without events are left out */
        EventDay: {
            /**
             * Format: date-time
             * @description Its begin
             */
            day: string;
            /** @description Guilds that added the bot */
            joins: number;
            /** @description Guilds that removed it */
            leaves: number;
            /** @description Interactions */
            interactions: number;
            /** @description Guilds with an interaction; null where events have no id of a guild */
            active_guilds: number | null;
        };
        /** @description The active guilds of a size */
        SizeFigures: {
            /** @description Number of members, as a range; null if it is unknown */
            size: string | null;
            /** @description Active guilds */
            guilds: number;
            /** @description Interactions */
            runs: number;
            /** @description With an error type */
            failures: number;
            /** @description Acknowledged within 3 s */
            in_time: number;
            /** @description Late, rejected or missed. The outcome of the others is unknown, or another process has answered */
            not_in_time: number;
        };
        /** @description The interactions with one value in a dimension; place is context and installation. What is unknown is left out */
        AudienceFigures: {
            /** @enum {string} */
            dimension: "locale" | "context" | "installation" | "place";
            /** @description Of the user */
            locale?: string;
            /** @description Where it was used */
            context?: string;
            /** @description What it was installed for */
            installation?: string;
            /** @description Interactions */
            runs: number;
            /** @description With an error type */
            failures: number;
            /** @description Acknowledged within 3 s */
            in_time: number;
            /** @description Late, rejected or missed. The outcome of the others is unknown, or another process has answered */
            not_in_time: number;
        };
        /** @description The users of a day. Days cannot be added up */
        UserDay: {
            /**
             * Format: date-time
             * @description Its begin
             */
            day: string;
            /** @description null where events have no pseudonym of a user */
            users: number | null;
        };
        /** @description A part of the window of one guild */
        GuildStep: {
            /**
             * Format: date-time
             * @description Of the step
             */
            start: string;
            /** @description Interactions */
            runs: number;
            /** @description With an error type */
            failures: number;
            /** @description Acknowledged within 3 s */
            in_time: number;
            /** @description Late, rejected or missed. The outcome of the others is unknown, or another process has answered */
            not_in_time: number;
            /** @description Times that it added the bot */
            joins: number;
            /** @description Times that it removed the bot */
            leaves: number;
            /** @description Times that it became unavailable */
            outages: number;
        };
        /** @description The events of a cluster with one result */
        IngestFigures: {
            /** @description Empty if it is not set */
            region: string;
            /** @description Empty if it is not set */
            cluster: string;
            /** @enum {string} */
            result: "taken" | "dropped";
            /** @description on_time, late or early by the clock of the sender; why they were dropped */
            reason: string;
            /** @description How many */
            events: number;
        };
        /** @description A bot that has events */
        BotSpan: {
            /** @description The attribute bot; empty if it is not set */
            bot: string;
            /**
             * Format: date-time
             * @description Its first hour
             */
            first: string;
            /**
             * Format: date-time
             * @description Its last hour
             */
            last: string;
            /** @description Whether an event of the last 90 days has the id of a guild */
            guild_ids: boolean;
        };
        EventBots: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description When it was asked
             */
            at: string;
            /** @description The text of each query that answered, by the name of the question */
            query: {
                [key: string]: string;
            };
            /** @description By name */
            bots: components["schemas"]["BotSpan"][];
        };
        EventCommands: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description When it was asked
             */
            at: string;
            /** @description The text of each query that answered, by the name of the question */
            query: {
                [key: string]: string;
            };
            window: components["schemas"]["EventWindow"];
            /** @description Between points of the trend. There are at most 400 */
            step_seconds: number;
            /** @description The most frequent first */
            commands: components["schemas"]["CommandFigures"][];
            /** @description Of the window before */
            commands_before: components["schemas"]["CommandFigures"][];
            /** @description Steps without interactions are left out */
            trend: components["schemas"]["EventStep"][];
        };
        EventCommand: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description When it was asked
             */
            at: string;
            /** @description The text of each query that answered, by the name of the question */
            query: {
                [key: string]: string;
            };
            window: components["schemas"]["EventWindow"];
            /** @description Between points of the trend. There are at most 400 */
            step_seconds: number;
            parts: components["schemas"]["CommandPart"][];
            /** @description Of the version, if one was given */
            trend: components["schemas"]["EventStep"][];
        };
        EventVersions: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description When it was asked
             */
            at: string;
            /** @description The text of each query that answered, by the name of the question */
            query: {
                [key: string]: string;
            };
            window: components["schemas"]["EventWindow"];
            /** @description By their first hours */
            versions: components["schemas"]["VersionSpan"][];
        };
        EventRelease: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description When it was asked
             */
            at: string;
            /** @description The text of each query that answered, by the name of the question */
            query: {
                [key: string]: string;
            };
            window: components["schemas"]["EventWindow"];
            /** @description null where no other version ran */
            before: string | null;
            /** @description null where none ran */
            after: string | null;
            /** @description By their first hours */
            versions: components["schemas"]["VersionSpan"][];
            changes: components["schemas"]["CommandChange"][];
        };
        EventGuildsHit: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description When it was asked
             */
            at: string;
            /** @description The text of each query that answered, by the name of the question */
            query: {
                [key: string]: string;
            };
            window: components["schemas"]["EventWindow"];
            guilds: components["schemas"]["GuildHit"][];
            /** @description Guilds beyond the limit */
            left_out: number;
        };
        EventGrowth: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description When it was asked
             */
            at: string;
            /** @description The text of each query that answered, by the name of the question */
            query: {
                [key: string]: string;
            };
            window: components["schemas"]["EventWindow"];
            days: components["schemas"]["EventDay"][];
            /** @description By the last number of members that is known */
            sizes: components["schemas"]["SizeFigures"][];
            audience: components["schemas"]["AudienceFigures"][];
            users: components["schemas"]["UserDay"][];
        };
        EventGuild: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description When it was asked
             */
            at: string;
            /** @description The text of each query that answered, by the name of the question */
            query: {
                [key: string]: string;
            };
            window: components["schemas"]["EventWindow"];
            trend_window: components["schemas"]["EventWindow"];
            /** @description Between points of the trend. There are at most 400 */
            step_seconds: number;
            /** @description The most frequent first */
            commands: components["schemas"]["CommandFigures"][];
            trend: components["schemas"]["GuildStep"][];
        };
        EventIngest: {
            /**
             * @description Version of the API
             * @constant
             */
            version: 1;
            /**
             * Format: date-time
             * @description When it was asked
             */
            at: string;
            /** @description The text of each query that answered, by the name of the question */
            query: {
                [key: string]: string;
            };
            window: components["schemas"]["EventWindow"];
            /**
             * @description Where events are kept. The fleet removes those in SQLite when they are too old; the TTL of its tables removes those in ClickHouse
             * @enum {string}
             */
            store: "SQLite" | "ClickHouse";
            /** @description How long events are kept */
            retention_seconds: number;
            /** @description How long their hourly sums are kept */
            hourly_retention_seconds: number;
            ingest: components["schemas"]["IngestFigures"][];
        };
    };
    responses: {
        /** @description The document is the one with the ETag in If-None-Match, but for now */
        Unchanged: {
            headers: {
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description A parameter or a field is missing, unknown, repeated or has a bad value. The error names it and its value */
        Refused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The request has neither a token nor the cookie of a session */
        Unauthorized: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The role does not allow it, or a browser asks under a name that is not allowed or from another site */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description There is no such thing */
        Missing: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The fleet keeps no events. The error names the setting */
        NoEvents: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The place reports, so it would be back at once */
        Conflict: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The document could not be made; the cause is in the log of the fleet */
        Failed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The fleet is busy with other requests */
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
        /** @description Only this service.name */
        job: string;
        /** @description service.name */
        jobNeeded: string;
        /** @description The label bot; left out for clusters without */
        bot: string;
        /** @description The label region; left out for clusters without */
        region: string;
        /** @description The label cluster */
        clusterNeeded: string;
        /** @description The window, which ends now or at to */
        range: "15m" | "1h" | "6h" | "24h";
        /** @description End of the window, in s since 1970; now if it is not given */
        to: number;
        /** @description The attribute bot of the events; left out for events without */
        eventBot: string;
        /** @description Begin of the window, at most 731 days before its end */
        eventFrom: string;
        /** @description End of the window; now if it is not given */
        eventTo: string;
        /** @description Only this version; empty for events without one */
        eventVersion: string;
        eventFormat: "json" | "csv";
    };
    requestBodies: never;
    headers: {
        /** @description Of all of the document but now */
        ETag: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
