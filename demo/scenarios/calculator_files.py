"""The files that Claude writes in the calculator story."""

CALCULATOR = '''\
"""A small calculator: + - * / ** and brackets."""

import re
import sys

TOKEN = re.compile(r"\\s*(?:(\\d+\\.?\\d*|\\.\\d+)|(\\*\\*|[-+*/()]))")


class CalculatorError(ValueError):
    """The expression cannot be calculated; the message says why."""


def evaluate(text):
    """Return the value of an expression such as "2 + 3 * 4"."""
    tokens = tokenize(text)
    value = parse_sum(tokens)
    if tokens:
        raise CalculatorError(f"unexpected {tokens[0]}")
    return value


def tokenize(text):
    """Split an expression into numbers and operators."""
    tokens, position, text = [], 0, text.rstrip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise CalculatorError(f"cannot read {text[position:].strip()}")
        number, operator = match.groups()
        tokens.append(float(number) if number else operator)
        position = match.end()
    return tokens


def parse_sum(tokens):
    """sum = product, then any number of + product or - product"""
    value = parse_product(tokens)
    if tokens and tokens[0] in ("+", "-"):
        operator = tokens.pop(0)
        right = parse_sum(tokens)
        return value + right if operator == "+" else value - right
    return value


def parse_product(tokens):
    """product = sign, then any number of * sign or / sign"""
    value = parse_sign(tokens)
    while tokens and tokens[0] in ("*", "/"):
        operator, right = tokens.pop(0), parse_sign(tokens)
        if operator == "/" and right == 0:
            raise CalculatorError("division by zero")
        value = value * right if operator == "*" else value / right
    return value


def parse_sign(tokens):
    """sign = - sign, or a power: -2 ** 2 is -4 as in mathematics"""
    if tokens and tokens[0] == "-":
        tokens.pop(0)
        return -parse_sign(tokens)
    return parse_power(tokens)


def parse_power(tokens):
    """power = atom, or atom ** sign"""
    base = parse_atom(tokens)
    if tokens and tokens[0] == "**":
        tokens.pop(0)
        return base ** parse_sign(tokens)
    return base


def parse_atom(tokens):
    """atom = number, or ( sum )"""
    if not tokens:
        raise CalculatorError("the expression ends too early")
    token = tokens.pop(0)
    if isinstance(token, float):
        return token
    if token != "(":
        raise CalculatorError(f"unexpected {token}")
    value = parse_sum(tokens)
    if not tokens or tokens.pop(0) != ")":
        raise CalculatorError("a bracket is not closed")
    return value


def main():
    """Print the value of the expression on the command line."""
    try:
        print(f"{evaluate(' '.join(sys.argv[1:])):.12g}")
    except CalculatorError as error:
        sys.exit(f"calculator: {error}")


if __name__ == "__main__":
    main()
'''

BUGGY_SUM = """\
    if tokens and tokens[0] in ("+", "-"):
        operator = tokens.pop(0)
        right = parse_sum(tokens)
        return value + right if operator == "+" else value - right
    return value
"""

# Longer than the bug: Python takes a file of the same size and second for the one it compiled.
FIXED_SUM = """\
    while tokens and tokens[0] in ("+", "-"):
        operator = tokens.pop(0)
        right = parse_product(tokens)
        value = value + right if operator == "+" else value - right
    return value
"""

TESTS = '''\
"""Tests of the calculator: python3 -m unittest -v"""

import subprocess
import sys
import unittest

from calculator import CalculatorError, evaluate


class TestEvaluate(unittest.TestCase):
    def test_product_before_sum(self):
        self.assertEqual(evaluate("2 + 3 * 4"), 14)

    def test_brackets_first(self):
        self.assertEqual(evaluate("(2 + 3) * 4"), 20)

    def test_subtraction_goes_from_left_to_right(self):
        self.assertEqual(evaluate("10 - 4 - 3"), 3)

    def test_division_goes_from_left_to_right(self):
        self.assertEqual(evaluate("100 / 10 / 5"), 2)

    def test_negative_numbers(self):
        self.assertEqual(evaluate("-3 * -(2 - 4)"), -6)

    def test_power_binds_tighter_than_sign(self):
        self.assertEqual(evaluate("-2 ** 2"), -4)

    def test_power_goes_from_right_to_left(self):
        self.assertEqual(evaluate("2 ** 3 ** 2"), 512)

    def test_decimals(self):
        self.assertAlmostEqual(evaluate(".5 + 0.25"), 0.75)


class TestErrors(unittest.TestCase):
    def test_each_bad_expression_is_refused(self):
        for text in ("", "2 +", "(1", "1)", "2 $ 3", "1 / 0", "* 2"):
            with self.subTest(text), self.assertRaises(CalculatorError):
                evaluate(text)


class TestCommandLine(unittest.TestCase):
    def run_it(self, text):
        command = [sys.executable, "calculator.py", text]
        return subprocess.run(command, capture_output=True, text=True)

    def test_prints_the_value(self):
        self.assertEqual(self.run_it("1 / 8").stdout, "0.125\\n")

    def test_says_what_is_wrong(self):
        self.assertIn("division by zero", self.run_it("1 / 0").stderr)


if __name__ == "__main__":
    unittest.main()
'''

SOAK = '''\
"""Compares the calculator with Python itself: python3 soak.py SECONDS"""

import math
import random
import sys
import time

from calculator import CalculatorError, evaluate

STEPS = 10


def expression(depth):
    """Return a random expression."""
    if depth == 0:
        return str(random.randint(0, 20))
    left, right = expression(depth - 1), expression(random.randrange(depth))
    form = random.choice(["{} + {}", "{} - {}", "({}) * ({})", "({}) / ({})", "-({}) + {}"])
    return form.format(left, right)


def agrees(text):
    """Return whether calculator and Python have the same opinion."""
    try:
        expected = eval(text)
    except ZeroDivisionError:
        expected = None
    try:
        value = evaluate(text)
    except CalculatorError:
        value = None
    if None in (value, expected):
        return value is expected
    return math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)


def main():
    random.seed(2026)
    seconds, start = float(sys.argv[1]), time.monotonic()
    tried = wrong = 0
    for step in range(1, STEPS + 1):
        wrong += sum(not agrees(expression(4)) for _ in range(200))
        tried += 200
        time.sleep(max(0.0, start + seconds * step / STEPS - time.monotonic()))
        print(f"{tried:5} expressions, {wrong} wrong", flush=True)
    sys.exit(wrong > 0)


main()
'''
