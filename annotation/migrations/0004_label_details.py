"""What an annotator says of a node beside its label; empty in the labels there are."""

from django.db import migrations, models

from accounts.append_only import protect, unprotect


class Migration(migrations.Migration):

    dependencies = [
        ('annotation', '0003_pathology'),
    ]

    operations = [
        unprotect('annotation_nodelabel'),
        migrations.AddField(
            model_name='nodelabel',
            name='basis',
            field=models.CharField(blank=True, choices=[('whole_level_negative', 'Whole level negative'), ('whole_level_positive', 'Whole level positive'), ('largest_by_size', 'Largest by size'), ('only_candidate', 'Only candidate'), ('morphology_and_report', 'Morphology + report'), ('pathologist_consulted', 'Pathologist consulted'), ('guess', 'Guess')], max_length=24),
        ),
        migrations.AddField(
            model_name='nodelabel',
            name='certainty',
            field=models.PositiveSmallIntegerField(blank=True, choices=[(1, 'Low'), (2, 'Medium'), (3, 'High')], null=True),
        ),
        migrations.AddField(
            model_name='nodelabel',
            name='matched',
            field=models.CharField(blank=True, choices=[('left Ia', 'left Ia'), ('left Ib', 'left Ib'), ('left IIa', 'left IIa'), ('left IIb', 'left IIb'), ('left III', 'left III'), ('left IV', 'left IV'), ('left Va', 'left Va'), ('left Vb', 'left Vb'), ('left VI', 'left VI'), ('right Ia', 'right Ia'), ('right Ib', 'right Ib'), ('right IIa', 'right IIa'), ('right IIb', 'right IIb'), ('right III', 'right III'), ('right IV', 'right IV'), ('right Va', 'right Va'), ('right Vb', 'right Vb'), ('right VI', 'right VI')], help_text="The report's place it is counted in, where that is another.", max_length=9),
        ),
        migrations.AddField(
            model_name='nodelabel',
            name='matted',
            field=models.CharField(blank=True, help_text='Name of the matted group.', max_length=16),
        ),
        migrations.AddField(
            model_name='nodelabel',
            name='place',
            field=models.CharField(blank=True, choices=[('left Ia', 'left Ia'), ('left Ib', 'left Ib'), ('left IIa', 'left IIa'), ('left IIb', 'left IIb'), ('left III', 'left III'), ('left IV', 'left IV'), ('left Va', 'left Va'), ('left Vb', 'left Vb'), ('left VI', 'left VI'), ('right Ia', 'right Ia'), ('right Ib', 'right Ib'), ('right IIa', 'right IIa'), ('right IIb', 'right IIb'), ('right III', 'right III'), ('right IV', 'right IV'), ('right Va', 'right Va'), ('right Vb', 'right Vb'), ('right VI', 'right VI')], help_text='Side and level where the annotator sees the node on CT.', max_length=9),
        ),
        protect('annotation_nodelabel'),
    ]
