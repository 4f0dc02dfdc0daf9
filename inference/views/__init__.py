"""Pages of coordinators and statisticians: models, predictions, training, explanations."""
