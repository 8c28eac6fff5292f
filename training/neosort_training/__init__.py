"""Training, evaluation and export of the fused model. The one department that imports torch."""
