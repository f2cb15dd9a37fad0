"""What can be done with the language files: derive, import, try, compare."""
