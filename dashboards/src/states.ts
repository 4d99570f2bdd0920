import { BAD, GOOD, States, WARN } from "./look";
import { gauge, max } from "./promql";

/** The states of a shard as numbers, from disconnected to ready. */
export const STATES: States = {
  0: { text: "disconnected", color: BAD },
  1: { text: "connecting", color: WARN },
  2: { text: "identifying", color: "purple" },
  3: { text: "resuming", color: "yellow" },
  4: { text: "ready", color: GOOD },
};

/** The state of each shard as a number of STATES. */
export const stateNumber = max(
  ["cluster", "shard"],
  Object.entries(STATES)
    .map(([n, { text }]) => `${n} * ${gauge("discord_shard_state", { state: text })}`)
    .join(" or "),
);
