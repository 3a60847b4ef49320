// Words that a key may have, for the user's config and for the daemon's check alike.

export const BALANCES = ['shared', 'spread', 'own'] as const
export const LOG_FORMATS = ['plain', 'json'] as const
export const READY_WHEN = ['auto', 'listening', 'message', 'started'] as const
export const RELOAD_ORDERS = ['start-first', 'stop-first'] as const
export const RESTART_POLICIES = ['always', 'on-failure', 'never'] as const
export const MOST_INSTANCES = 1000
