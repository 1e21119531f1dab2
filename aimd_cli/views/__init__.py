"""Views: plain data in; a Rich renderable, plain rows or JSON out. They know neither server nor disk."""
