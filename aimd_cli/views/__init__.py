"""Views: plain data in; a Rich renderable, plain rows or JSON out. They access neither server nor disk."""
