"""What an agent may know: documents taken in, split, and found again.

Owns documents, their chunks and the search over them, and bumps the tenant's knowledge revision with every change.
Refuses to write sentences: it hands out passages. Enter through `Library` (take in, change, delete) and `Search`.
"""

from parley.knowledge.ingest import Library
from parley.knowledge.routes import router as knowledge_routes
from parley.knowledge.search import Findings, Search

__all__ = ["Findings", "Library", "Search", "knowledge_routes"]
