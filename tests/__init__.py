"""The tests. Whatever imports them, the program of a test too, loads at ease."""

from entremise.kernel import memory

memory.load()
