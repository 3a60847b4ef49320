/** The version of every message between CLI, daemon and agent. CLI and daemon work together when it is equal. */
export const PROTOCOL_VERSION = 1

/** Agents live as long as their workers, over changes of the daemon: it understands those back to this version. */
export const OLDEST_AGENT_PROTOCOL = 1

/** HTTP header that carries the version in both directions on the control socket. */
export const PROTOCOL_HEADER = 'upkeep-protocol'
