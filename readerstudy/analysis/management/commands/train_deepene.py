"""Train DeepENE on a development cohort's released reference standard."""

from readerstudy.analysis.management.commands import train_model


class Command(train_model.Command):
    help = train_model.Command.help.replace("a model", "DeepENE", 1)
    architecture = "DeepENE"
