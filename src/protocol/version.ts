/** The version of every message between CLI, daemon and agent. They work together when it is equal. */
export const PROTOCOL_VERSION = 1

/** HTTP header that carries the version in both directions on the control socket. */
export const PROTOCOL_HEADER = 'upkeep-protocol'
