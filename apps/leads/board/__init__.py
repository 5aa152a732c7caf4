"""The pipeline as people move leads through it: columns of cards, at a cost that does not grow with the leads.

Totals come from the tally, those of a filter from what it finds, up to a bound. Averages are of the newest moves, sums
of columns that are short enough. So every board is read in a fixed number of queries over a bounded number of rows.
"""

from apps.leads.board.cards import PER_COLUMN, CardPage, Column, board_card, column_cards, read_board
from apps.leads.board.figures import ColumnFigures, board_figures
from apps.leads.board.finding import NOBODY, BoardFilter, known_sources

__all__ = [
    "NOBODY",
    "PER_COLUMN",
    "BoardFilter",
    "CardPage",
    "Column",
    "ColumnFigures",
    "board_card",
    "board_figures",
    "column_cards",
    "known_sources",
    "read_board",
]
