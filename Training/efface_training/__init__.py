"""Trains, prunes, quantizes and exports the two networks of Efface; the product never needs this package."""
