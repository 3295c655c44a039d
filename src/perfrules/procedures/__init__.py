"""What an evaluator does around the score; a file for each procedure."""
