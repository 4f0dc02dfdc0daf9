"""Analysis room: what an imported file may hold, in words, and an example of one (pure)."""

COLUMN_HELP = (
    ("cohort", True, "Name of the cohort; each is reported by itself."),
    ("patient or patient_id", True, "Pseudonym, the same in every row of a patient."),
    ("node or node_id", True, "Name of the node within its patient."),
    (
        "truth",
        True,
        "Reference standard: 0 or benign, 1 or metastasis, 2 or metastasis_ene; empty or NA where "
        "it could not be determined.",
    ),
    (
        "call_<reader>",
        True,
        "One column per reader, such as call_R1: the reader's category, written like truth; empty "
        "or NA where there was no call. R1, R2 … alone mean the same.",
    ),
    ("score_metastasis, score_ene", False, "The model's scores; higher is more suspicious."),
    (
        "confidence_metastasis_<reader>, confidence_ene_<reader>",
        False,
        "How sure the reader was, 0 to 100.",
    ),
    ("short_axis_mm or short_axis_cm", False, "Short-axis diameter of the node."),
    ("level", False, "Lymph node level."),
    (
        "age_years, sex, primary_site, pt, pn, staging_edition, scanner, slice_thickness_mm",
        False,
        "Of the patient, the same in every row of a patient.",
    ),
    ("mask_digest", False, "Digest of the node's mask, as in our own downloads."),
    (
        "model",
        False,
        "Whose scores they are, where the form does not say. The other columns on the model in our "
        "own downloads (model_provenance, model_members, model_role, model_notice) may stay and "
        "say nothing here.",
    ),
)
"""Columns, whether each must be there, and what it holds."""

EXAMPLE = """\
cohort,patient_id,node_id,short_axis_mm,truth,score_metastasis,score_ene,call_R1,call_R2
Phantom B,PHANTOM-001,1,7.5,benign,0.104,0.061,benign,benign
Phantom B,PHANTOM-001,2,12.0,metastasis,0.713,0.322,metastasis,benign
Phantom B,PHANTOM-002,1,16.5,metastasis_ene,0.934,0.871,metastasis_ene,metastasis
Phantom B,PHANTOM-002,2,6.0,benign,0.215,0.108,benign,metastasis
Phantom B,PHANTOM-003,1,9.5,benign,0.331,0.204,benign,benign
Phantom B,PHANTOM-003,2,14.0,metastasis,0.642,0.415,metastasis,metastasis_ene
Phantom B,PHANTOM-004,1,21.0,metastasis_ene,0.951,0.792,metastasis_ene,metastasis_ene
Phantom B,PHANTOM-004,2,11.0,metastasis,0.588,0.507,metastasis,NA
"""
"""A file that imports as it is; its numbers are invented."""
