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

test('variables are put in where they are known, and what a shell would make several words of stays for a shell', () => {
  const braced = (name: string) => ['$', '{', name, '}'].join('')
  const variables = { PORT: '80', TWO: 'a b', STAR: '*', BACK: String.raw`a\\b` }
  for (const [text, words] of [
    ['next -p $PORT', ['next', '-p', '80']],
    [`next -p ${braced('PORT')}0`, ['next', '-p', '800']],
    ['next --port="$PORT"', ['next', '--port=80']],
    ['next "$TWO" \'$PORT\'', ['next', 'a b', '$PORT']],
    ['next $NONE end', ['next', 'end']],
    ['next "$NONE"', ['next', '']],
    ['next "$BACK"', ['next', String.raw`a\\b`]],
  ] as const) {
    const split = splitWords(text, variables)
    assert.deepEqual([split.words, split.shellSyntax], [words, undefined], text)
  }
  for (const text of [
    'next $TWO',
    'next $STAR',
    `next ${braced('PORT:-80')}`,
    'next $(id)',
    'next $1',
    `next "${braced('PORT%0')}"`,
  ]) {
    assert.match(splitWords(text, variables).shellSyntax ?? '', /^\$/, text)
  }
})
