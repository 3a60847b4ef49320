import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitWords } from '../../src/config/words.ts'

test('a text is split as a shell would', () => {
  for (const [text, words] of [
    ['', []],
    ['  ', []],
    ['a b', ['a', 'b']],
    [' a\t b\n', ['a', 'b']],
    [`--name 'a b' "c d"`, ['--name', 'a b', 'c d']],
    [`a'b'"c"d`, ['abcd']],
    [`''`, ['']],
    [`a "" b`, ['a', '', 'b']],
    [String.raw`a\ b`, ['a b']],
    [String.raw`"a\"b\\c\d"`, [String.raw`a"b\c\d`]],
    [String.raw`'a\b'`, [String.raw`a\b`]],
    ['--port=$PORT', ['--port=$PORT']],
  ] as const) {
    assert.deepEqual(splitWords(text).words, words, text)
  }
})

test('a quote that stays open is told', () => {
  for (const [text, openQuote] of [
    [`a 'b`, `'`],
    [`a "b`, `"`],
    ['a \\', '\\'],
    [`"it's"`, undefined],
  ] as const) {
    assert.equal(splitWords(text).openQuote, openQuote, text)
  }
})

test('what only a shell understands is found, unless it is quoted', () => {
  for (const [text, shellSyntax] of [
    ['node a.js && node b.js', '&&'],
    ['node a.js||true', '||'],
    ['node a.js | tee log', '|'],
    ['node a.js > log', '>'],
    ['node a.js; true', ';'],
    ['node $FILE', '$'],
    ['node "$FILE"', '$'],
    ['node $(which a)', '$('],
    ['node `which a`', '`'],
    ['node *.js', '*'],
    ['(node a.js)', '('],
    ['node a.js &', '&'],
    ['~/bin/a', '~'],
    ['# nothing', '#'],
    ['! true', '!'],
    ['{ true', '{'],
    [`node '$FILE' '&&' "a;b"`, undefined],
    [String.raw`node "\$FILE" \&`, undefined],
    ['node a.js --color=#fff --x={a} a~', undefined],
  ] as const) {
    assert.equal(splitWords(text).shellSyntax, shellSyntax, text)
  }
})
