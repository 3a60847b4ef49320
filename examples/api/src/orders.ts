export interface Order {
  readonly item: string
  readonly quantity: number
}

/** Checks the body of a request; returns the order, or every problem it has. */
export function parseOrder(body: unknown): Order | { readonly problems: readonly string[] } {
  if (typeof body !== 'object' || body === null) return { problems: ['the body must be a JSON object'] }
  const { item, quantity } = body as Record<string, unknown>
  const problems: string[] = []
  if (typeof item !== 'string' || item.trim() === '') problems.push('item: must be a text that is not empty')
  if (!Number.isInteger(quantity) || Number(quantity) < 1 || Number(quantity) > 1000) {
    problems.push('quantity: must be a whole number from 1 to 1000')
  }
  return problems.length > 0 ? { problems } : { item: String(item), quantity: Number(quantity) }
}
