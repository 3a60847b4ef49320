// Rows in columns that fit the terminal. When they do not fit, the least important columns go, then the widest is cut.
import { cutToWidth, textWidth } from './text-width.ts'

export interface Column<Row> {
  readonly title: string
  readonly align?: 'right'
  /** Columns with the highest number go first when there is no room; 0 stays. */
  readonly importance?: number
  text(row: Row): string
  paint?(text: string, row: Row): string
}

const GAP = '  '
const NARROWEST = 8

export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  paintTitle: (text: string) => string,
): string[] {
  const shown = fitting(columns, rows, width)
  const widths = shown.map((column) => columnWidth(column, rows))
  const excess = totalWidth(widths) - width
  const widest = widths.indexOf(Math.max(...widths))
  if (excess > 0) widths[widest] = Math.max(NARROWEST, (widths[widest] ?? 0) - excess)
  const line = (cells: readonly string[]) => cells.join(GAP).trimEnd()
  const pad = (text: string, index: number) =>
    padded(cutToWidth(text, widths[index] ?? 0), widths[index] ?? 0, shown[index]?.align)
  const title = line(shown.map((column, index) => paintTitle(pad(column.title, index))))
  const body = rows.map((row) =>
    line(
      shown.map((column, index) => {
        const text = pad(column.text(row), index)
        return column.paint === undefined ? text : column.paint(text, row)
      }),
    ),
  )
  return [title, ...body]
}

function fitting<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): readonly Column<Row>[] {
  const widths = columns.map((column) => columnWidth(column, rows))
  const least = columns.reduce((worst, { importance = 0 }) => Math.max(worst, importance), 0)
  if (totalWidth(widths) <= width || least === 0) return columns
  const kept = columns.filter(({ importance = 0 }) => importance !== least)
  return fitting(kept, rows, width)
}

function columnWidth<Row>(column: Column<Row>, rows: readonly Row[]): number {
  return rows.reduce((most, row) => Math.max(most, textWidth(column.text(row))), textWidth(column.title))
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1)
}

function padded(text: string, width: number, align: 'right' | undefined): string {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)))
  return align === 'right' ? space + text : text + space
}
