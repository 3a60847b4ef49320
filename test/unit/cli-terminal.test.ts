// What the terminal makes of text.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanLogLine, cleanText } from '../../src/cli/terminal/clean-text.ts'
import { Output } from '../../src/cli/terminal/output.ts'
import { Progress } from '../../src/cli/terminal/progress.ts'
import { shownBytes, shownDuration, shownElapsed } from '../../src/cli/terminal/quantities.ts'
import { cutToWidth, textWidth } from '../../src/cli/terminal/text-width.ts'
import { Paper } from '../support/command-line.ts'
import { ManualClock } from '../support/manual-clock.ts'

for (const [what, line, text, logLine] of [
  ['colours', '\x1b[1;31mred\x1b[0m', 'red', '\x1b[1;31mred\x1b[0m\x1b[0m'],
  ['cursor moves', 'a\x1b[2J\x1b[10;10Hb', 'ab', 'ab'],
  ['window titles', 'a\x1b]0;evil\x07b\x1b]2;evil\x1b\\c', 'abc', 'abc'],
  ['a title that never ends', 'a\x1b]0;evil', 'a', 'a'],
  ['device control', 'a\x1bPq#0\x1b\\b', 'ab', 'ab'],
  ['C1 controls', 'a\x9b31mb\x85c', 'a31mbc', 'a31mbc'],
  ['carriage returns and backspaces', 'secret\r\b\bno', 'secretno', 'secretno'],
  ['tabs', 'a\tb', 'a\tb', 'a\tb'],
  ['marks that turn the direction', 'a\u202eb\u2066c', 'abc', 'abc'],
  ['a colour that hides a move', '\x1b[31\x1b[2Jm', '[31m', '[31m'],
  ['letters of any language', 'Grüße 日本 🚀', 'Grüße 日本 🚀', 'Grüße 日本 🚀'],
] as const) {
  test(`cleaned: ${what}`, () => {
    assert.equal(cleanText(line), text)
    assert.equal(cleanLogLine(line), logLine)
  })
}

test('the width of a text is what it takes on the screen', () => {
  const widths = ['', 'web', 'Grüße', 'e\u0301', '日本', '한국', '🚀', '✅', '❤️', '👩‍👩‍👧‍👧', 'ｗ'].map(
    textWidth,
  )

  assert.deepEqual(widths, [0, 3, 5, 1, 4, 4, 2, 2, 2, 2, 2])
})

test('a text is cut between characters, with a mark', () => {
  assert.equal(cutToWidth('server', 6), 'server')
  assert.equal(cutToWidth('servers', 6), 'serve…')
  assert.equal(cutToWidth('日本語', 4), '日…')
  assert.equal(cutToWidth('👩‍👩‍👧‍👧👩‍👩‍👧‍👧', 3), '👩‍👩‍👧‍👧…')
})

test('quantities are short', () => {
  assert.deepEqual([0, 950, 12_400, 185_000, 7_260_000, 356_400_000].map(shownDuration), [
    '0 ms',
    '950 ms',
    '12 s',
    '3 m 5 s',
    '2 h 1 m',
    '4 d 3 h',
  ])
  assert.deepEqual([80, 2140, 61_000].map(shownElapsed), ['0.1 s', '2.1 s', '1 m 1 s'])
  assert.deepEqual([0, 1023, 1536, 47_185_920, 1_610_612_736].map(shownBytes), [
    '0 B',
    '1023 B',
    '1.5 KB',
    '45 MB',
    '1.5 GB',
  ])
})

for (const [what, columns, env, isColored] of [
  ['on a terminal', 80, {}, true],
  ['elsewhere', undefined, {}, false],
  ['NO_COLOR', 80, { NO_COLOR: '1' }, false],
  ['NO_COLOR that is empty', 80, { NO_COLOR: '' }, true],
  ['FORCE_COLOR', undefined, { FORCE_COLOR: '1' }, true],
  ['FORCE_COLOR=0', 80, { FORCE_COLOR: '0' }, false],
  ['a dumb terminal', 80, { TERM: 'dumb' }, false],
] as const) {
  test(`colours: ${what}`, () => {
    const { color } = new Output(new Paper(columns), new Paper(columns), env)

    assert.equal(color.red('x') !== 'x', isColored)
  })
}

test('a spinner comes after half a second and leaves no trace', () => {
  const [paper, clock] = [new Paper(20), new ManualClock()]
  const progress = new Progress(new Output(new Paper(), paper, { NO_COLOR: '1' }), clock, 'reloading')

  clock.advance(499)
  assert.equal(paper.text, '')
  clock.advance(1)
  progress.update('web 0: waits for a very long time\x1b[2J')
  clock.advance(80)
  progress.stop()
  clock.advance(1000)

  assert.equal(paper.text, '\r\x1b[2K⠙ reloading\r\x1b[2K⠹ web 0: waits for…\r\x1b[2K')
})

test('without a terminal a line comes every five seconds', () => {
  const [paper, clock] = [new Paper(), new ManualClock()]
  const progress = new Progress(new Output(new Paper(), paper, {}), clock, 'reloading')

  clock.advance(4999)
  assert.equal(paper.text, '')
  clock.advance(5001)
  progress.stop()
  clock.advance(10_000)

  assert.equal(paper.text, 'reloading (5 s)\nreloading (10 s)\n')
})
