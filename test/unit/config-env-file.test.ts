import assert from 'node:assert/strict'
import { test } from 'node:test'
import { envProblem } from '../../src/config/resolve/env-file.ts'

test('lines that Node reads as they look are taken', () => {
  for (const text of [
    '',
    '\n\n',
    '# only a comment',
    'A=1',
    'A=1\r\nB=2\r\n',
    '  A = 1  \n\texport B=2\n',
    'A=\nB=""\nC=``',
    'A=it\'s\nB=a"b"\nC=a#b',
    'A="one\ntwo" # three\nB=\'#\n\'\nC=`"\'`',
    'a.b-c=1',
  ]) {
    assert.equal(envProblem(text), undefined, JSON.stringify(text))
  }
})

test('what Node skips, joins or cuts without a word is a problem', () => {
  const quote = (line: number) => `the value that begins in line ${line} does not end with its quote`
  for (const [text, problem] of [
    ['A=1\nB\nC=2', 'line 2 is not NAME=value'],
    ['=1', 'line 1 is not NAME=value'],
    ['A B=1', 'line 1 is not NAME=value'],
    ['A="1\n2"\n\nB: 3', 'line 4 is not NAME=value'],
    ['A="1', quote(1)],
    ['# a\nA="1" 2', quote(2)],
    ['A="a\\"b"', quote(1)],
    ['A="open\nB="1"', quote(1)],
  ] as const) {
    assert.equal(envProblem(text), problem, JSON.stringify(text))
  }
})
