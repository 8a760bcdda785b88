"""The same in many languages: articles 1, 3 and 25 (1) of the Universal Declaration of Human Rights."""

# ruff: noqa: RUF001 - each language is written with its own marks

from __future__ import annotations

ARTICLES: tuple[dict[str, str], ...] = (
    {
        "en": "All human beings are born free and equal in dignity and rights. They are endowed with reason and "
        "conscience and should act towards one another in a spirit of brotherhood.",
        "zh": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
        "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心と"
        "を授けられており、互いに同胞の精神をもって行動しなければならない。",
        "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을 "
        "부여받았으며 서로 형제애의 정신으로 행동하여야 한다.",
        "hi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। उन्हें बुद्धि और "
        "अन्तरात्मा की देन प्राप्त है और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।",
        "ar": "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق. وقد وهبوا عقلاً وضميرًا وعليهم أن يعامل بعضهم "
        "بعضًا بروح الإخاء.",
        "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen "
        "begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
        "fi": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille on annettu järki "
        "ja omatunto, ja heidän on toimittava toisiaan kohtaan veljeyden hengessä.",
        "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью "
        "и должны поступать в отношении друг друга в духе братства.",
        "th": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม "
        "และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ",
    },
    {
        "en": "Everyone has the right to life, liberty and security of person.",
        "zh": "人人有权享有生命、自由和人身安全。",
        "ja": "すべて人は、生命、自由及び身体の安全に対する権利を有する。",
        "ko": "모든 사람은 생명과 신체의 자유와 안전에 대한 권리를 가진다.",
        "hi": "प्रत्येक व्यक्ति को जीवन, स्वाधीनता और वैयक्तिक सुरक्षा का अधिकार है।",
        "ar": "لكل فرد الحق في الحياة والحرية وفي الأمان على شخصه.",
        "de": "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.",
        "fi": "Kullakin yksilöllä on oikeus elämään, vapauteen ja henkilökohtaiseen turvallisuuteen.",
        "ru": "Каждый человек имеет право на жизнь, на свободу и на личную неприкосновенность.",
    },
    {
        "en": "Everyone has the right to a standard of living adequate for the health and well-being of himself and "
        "of his family, including food, clothing, housing and medical care and necessary social services, and the "
        "right to security in the event of unemployment, sickness, disability, widowhood, old age or other lack of "
        "livelihood in circumstances beyond his control.",
        "zh": "人人有权享受为维持他本人和家属的健康和福利所需的生活水准，包括食物、衣着、住房、医疗和必要的社会服务；"
        "在遭到失业、疾病、残废、守寡、衰老或在其他不能控制的情况下丧失谋生能力时，有权享受保障。",
        "ja": "すべて人は、衣食住、医療及び必要な社会的施設等により、自己及び家族の健康及び福祉に十分な生活水準を保持す"
        "る権利並びに失業、疾病、心身障害、配偶者の死亡、老齢その他不可抗力による生活不能の場合は、保障を受ける権利を有する。",
    },
)

NAMES = (
    ("他是外交部发言人。", "He is the spokesperson for the Ministry of Foreign Affairs."),
    ("北京大学经济学院教授", "Professor at the School of Economics, Peking University"),
    ("国家发改委", "National Development and Reform Commission"),
    ("中纪委", "Central Commission for Discipline Inspection"),
    ("経産省", "Ministry of Economy, Trade and Industry"),
    ("금감원", "Financial Supervisory Service"),
    ("NATO", "Organisation du traité de l'Atlantique nord"),
    ("USA", "die Vereinigten Staaten von Amerika"),
)
"""Names that take far more in the other language, in both directions."""
